"""The WSGI entry point."""

from demo.commands import demo
from marketplace.factory import create_app
from workers.search.commands import corpus

app = create_app()
# Demo content runs the real model to make its samples, so it lives outside the web application.
app.cli.add_command(demo)
# Hashing a corpus takes the workers' libraries, which the web application must not know.
app.cli.add_command(corpus)
