"""The WSGI entry points: ``app`` for commands, ``served()`` for web servers."""

from flask import Flask

from demo.commands import demo
from marketplace.core.garbage import set_loaded_aside
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
    set_loaded_aside()
    return app
