"""The emulator as a running server: the Flask application, its threads, start and stop."""

from __future__ import annotations

import logging
import threading
from urllib.parse import urlsplit

from flask import Flask, Response, abort, request
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from local.stripe import agenda, api, control, deliveries, idempotency, pages
from local.stripe.checkout import expire_overdue
from local.stripe.config import EmulatorConfig, is_loopback
from local.stripe.courier import Courier
from local.stripe.store import Store
from local.stripe.world import World

log = logging.getLogger("stripe")

_LARGEST_REQUEST = 1024 * 1024
_CLOCK_TICK_SECONDS = 1.0
_POLL_SECONDS = 0.1  # how long a stop may go unnoticed
# Images come from the shop's own address, which the emulator does not know.
_CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src http: https: data:;"
    " base-uri 'none'; frame-ancestors 'none'"
)


class _QuietHandler(WSGIRequestHandler):
    """No access log: addresses of hosted pages are secrets, and bodies hold card fields."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        return


def create_app(world: World) -> Flask:
    """The WSGI application over one world: API, hosted pages, control page."""
    app = Flask("local.stripe", root_path=__file__.rpartition("/")[0], static_url_path="/assets")
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_REQUEST
    app.config["MAX_FORM_PARTS"] = 2000
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.register_blueprint(api.blueprint(world))
    app.register_blueprint(pages.blueprint(world))
    app.register_blueprint(control.blueprint(world))

    @app.before_request
    def only_this_machine() -> None:
        """A page of the web must not reach the emulator through the developer's browser."""
        if not is_loopback(request.remote_addr or "127.0.0.1"):
            abort(403)
        if not is_loopback(urlsplit(f"//{request.host}").hostname or ""):
            abort(403)
        origin = request.headers.get("Origin")
        if origin and origin != f"{request.scheme}://{request.host}":
            abort(403)

    @app.after_request
    def headers(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = _CONTENT_POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return app


class Emulator:
    """One emulator: `start` it, use `base_url`, `stop` it. State stays in its folder."""

    def __init__(self, config: EmulatorConfig) -> None:
        self.world = World(config, Store(config.state_dir, durable=config.durable))
        self.couriers = [Courier(self.world, endpoint) for endpoint in config.endpoints]
        self._server: BaseWSGIServer | None = None
        self._threads: list[threading.Thread] = []

    @property
    def base_url(self) -> str:
        """Where the API and the pages are, without a slash at the end."""
        return self.world.base_url

    def start(self) -> None:
        """Bind the port and serve in background threads. Raises `OSError` for a taken port."""
        config = self.world.config
        kept_from = self.world.time() - deliveries.EVENTS_KEPT_SECONDS
        deliveries.forget_events(self.world.store, kept_from)
        app = create_app(self.world)
        self._server = make_server(
            config.host, config.port, app, threaded=True, request_handler=_QuietHandler
        )
        actual = f"http://{config.host}:{self._server.server_port}"
        self.world.base_url = config.public_base.rstrip("/") or actual
        serve = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), daemon=True, name="http"
        )
        clock = threading.Thread(target=self._watch_the_clock, daemon=True, name="clock")
        self._threads = [serve, clock, *(courier.thread for courier in self.couriers)]
        for thread in self._threads:
            thread.start()

    def _watch_the_clock(self) -> None:
        while not self.world.stopping.wait(_CLOCK_TICK_SECONDS):
            agenda.run_due(self.world)
            expire_overdue(self.world)
            idempotency.purge(self.world.store, self.world.time())

    def stop(self) -> None:
        """Stop serving and delivering, within about a second; what is unsent stays queued."""
        self.world.stopping.set()
        self.world.wake()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        for thread in self._threads:
            thread.join(timeout=0.5)
        # A courier may still wait for a slow endpoint; it needs the store to note the answer.
        if not any(thread.is_alive() for thread in self._threads):
            self.world.store.close()
