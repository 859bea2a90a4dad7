"""The WSGI entry points: ``app`` for commands, ``served()`` for web servers."""

import gc

from flask import Flask

from demo.commands import demo
from marketplace.discovery.warming import warm_up
from marketplace.factory import create_app
from workers.search.commands import corpus

app = create_app()
# Demo content runs the real model to make its samples, so it lives outside the web application.
app.cli.add_command(demo)
# Hashing a corpus takes the workers' libraries, which the web application must not know.
app.cli.add_command(corpus)


def served() -> Flask:
    """The application, ready for its first request: for a server that takes a factory."""
    warm_up(app)
    # What has been loaded by now stays for ever: to look through it for garbage again and again
    # would stop a page for a quarter of a second now and then. The young are looked through in
    # small lots, a few milliseconds each, and what has outlived many of them seldom.
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 5, 1_000)
    return app
