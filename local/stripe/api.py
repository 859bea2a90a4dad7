"""The API over HTTP: every address under /v1 and /v2 is handed to the dispatcher."""

from __future__ import annotations

import socket

from flask import Blueprint, Response, current_app, request

from local.stripe.dispatch import Dispatcher, NoAnswerError, Request
from local.stripe.world import World

_METHODS = ["GET", "POST", "DELETE", "PUT", "PATCH"]


def blueprint(world: World) -> Blueprint:
    """All API addresses over one world."""
    api = Blueprint("api", __name__)
    dispatcher = Dispatcher(world)

    def answer(rest: str) -> Response:
        call = Request(
            request.method,
            request.path,
            request.query_string.decode("latin-1"),
            {name.lower(): value for name, value in request.headers.items()},
            request.get_data(cache=False),
        )
        try:
            reply = dispatcher.handle(call)
        except NoAnswerError as broken:
            world.stopping.wait(broken.seconds)
            _hang_up()
        return current_app.response_class(reply.text, status=reply.status, headers=reply.headers)

    for version in ("v1", "v2"):
        api.add_url_rule(
            f"/{version}/<path:rest>", endpoint=version, view_func=answer, methods=_METHODS
        )
    return api


def _hang_up() -> None:
    """Close the connection without an answer, as a broken network would."""
    connection = request.environ.get("werkzeug.socket")
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("closed on purpose by a fault rule")
