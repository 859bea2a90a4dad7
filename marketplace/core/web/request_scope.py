"""One unit of work per request: committed when the view returns, undone when it raises."""

from __future__ import annotations

from typing import cast

from flask import Flask, Response, current_app, g, request
from sqlalchemy.orm import Session
from werkzeug.local import LocalProxy

from marketplace.core.container import Services
from marketplace.core.unit_of_work import commit, rollback

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def services() -> Services:
    """The services of this application."""
    return cast(Services, current_app.extensions["bracket"])


def db() -> Session:
    """The session of this request, opened at first use."""
    if "session" not in g:
        g.session = services().database.new_session()
    return cast(Session, g.session)


session_proxy: Session = cast(Session, LocalProxy(db))
"""For libraries that want a session object once and for all (Flask-Security)."""


def save() -> None:
    """Commit now, in the middle of a request.

    Only for work that must be safe before an outside system is called (row first, call second);
    everything else is committed when the view returns.
    """
    commit(db())


def init_request_scope(app: Flask) -> None:
    """Commit after each good answer, roll back after an error or a refusal, always close."""

    @app.after_request
    def finish(response: Response) -> Response:
        if "session" not in g:
            return response
        if response.status_code < 400:
            commit(g.session)
        else:
            # The view refused: whatever it had begun must not stay.
            rollback(g.session)
        return response

    @app.teardown_request
    def close(error: BaseException | None) -> None:
        session = g.pop("session", None)
        if session is not None:
            rollback(session)
            session.close()


def is_safe_request() -> bool:
    """True for requests that must change nothing."""
    return request.method in SAFE_METHODS
