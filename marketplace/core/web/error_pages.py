"""Errors as pages, or as JSON where a machine asked."""

from __future__ import annotations

import logging
from typing import Any

from flask import (
    Flask,
    Response,
    current_app,
    jsonify,
    make_response,
    render_template,
    request,
)
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from marketplace.core.errors import DomainError

log = logging.getLogger(__name__)

TITLES = {
    400: "That request could not be read",
    403: "This is not open to you",
    404: "There is nothing here",
    405: "That does not work here",
    409: "That has changed meanwhile",
    413: "That is too large",
    422: "Something needs mending",
    429: "One moment, please",
    500: "Something broke on our side",
    503: "Not available right now",
}
TEXTS = {
    404: "The page may have moved, or it belongs to someone else.",
    405: "Go back and use the buttons of the page.",
    413: "Together the files are larger than we can take. Send fewer or smaller ones: each "
    "sample may have up to 15 MB.",
    429: "That were many tries in a short time. Wait a minute and try again.",
    500: "We have noted it. Nothing you own or paid for is lost; please try again in a moment.",
    503: "A part of the site does not answer. Please try again in a moment.",
}


def wants_json() -> bool:
    """True for .json addresses and clients that accept nothing else."""
    if request.path.endswith(".json"):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"


def error_response(status: int, message: str, code: str) -> Response:
    """One error as a page or as JSON."""
    if wants_json():
        response = jsonify(error={"code": code, "message": message})
        response.status_code = status
        return response
    values = {"status": status, "title": TITLES.get(status, TITLES[400]), "message": message}
    if status < 500:
        page = render_template("errors/error.html", **values)
    else:
        # Without context processors: asking who is signed in would ask the database again,
        # which may be the very thing that broke.
        page = current_app.jinja_env.get_template("errors/error.html").render(values)
    return make_response(page, status)


def init_error_pages(app: Flask) -> None:
    """Register the handlers."""

    @app.errorhandler(DomainError)
    def domain_error(error: DomainError) -> Any:
        return error_response(error.status, error.message, error.code)

    @app.errorhandler(CSRFError)
    def csrf_error(error: CSRFError) -> Any:
        message = (
            "This form was open for too long or came from another site. Go back, reload the page "
            "and send it again; what you typed is still there."
        )
        return error_response(400, message, "csrf")

    @app.errorhandler(RequestEntityTooLarge)
    def too_large(error: RequestEntityTooLarge) -> Any:
        return error_response(413, TEXTS[413], "too_large")

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Any:
        if error.code is None or error.code < 400:
            return error
        text = TEXTS.get(error.code, error.description or "")
        return error_response(error.code, text, error.name.lower().replace(" ", "_"))

    @app.errorhandler(OperationalError)
    def database_away(error: OperationalError) -> Any:
        log.error("database does not answer: %s", type(error.orig).__name__)
        return error_response(503, TEXTS[503], "unavailable")

    @app.errorhandler(Exception)
    def broken(error: Exception) -> Any:
        # The type and place are enough to find it; the message might quote somebody's input.
        log.error(
            "unhandled %s at %s", type(error).__name__, request.endpoint, exc_info=_trace(error)
        )
        if app.testing:
            raise error
        return error_response(500, TEXTS[500], "internal")


def _trace(error: Exception) -> tuple[type[Exception], Exception, Any]:
    """The traceback with the message replaced, since messages may quote input."""
    kind = type(error)
    try:
        blank = kind.__new__(kind)
    except Exception:
        blank = Exception()
    return kind, blank, error.__traceback__
