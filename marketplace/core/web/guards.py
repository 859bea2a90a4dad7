"""Who may come in: the first visible line of every view that is not public."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import flash, redirect, request, url_for
from flask_security import current_user
from werkzeug.wrappers import Response

from marketplace.core.errors import NotFoundError
from marketplace.core.permissions import Permission, granted

View = TypeVar("View", bound=Callable[..., Any])


def signed_in() -> bool:
    """True when the request comes from an account."""
    return bool(current_user.is_authenticated)


def may(permission: Permission) -> bool:
    """True when the person's roles grant the permission."""
    return signed_in() and permission in granted(current_user.role_names)


def to_log_in() -> Response:
    """The way to the log-in page and back to where a stranger wanted to go."""
    flash("Please log in first.", "info")
    # After a POST the form's page is the sensible place to come back to.
    back = request.full_path.rstrip("?") if request.method == "GET" else request.path
    return redirect(url_for("security.login", next=back))


def login_required(view: View) -> View:
    """Send strangers to the log-in page and back afterwards."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if not signed_in():
            return to_log_in()
        return view(*args, **kwargs)

    wrapper.guard = "login_required"  # type: ignore[attr-defined]
    return cast(View, wrapper)


def requires(permission: Permission) -> Callable[[View], View]:
    """Let in only those whose roles grant the permission; to all others the page is not there."""

    def decorate(view: View) -> View:
        @wraps(view)
        @login_required
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if not may(permission):
                raise NotFoundError
            return view(*args, **kwargs)

        wrapper.guard = permission.value  # type: ignore[attr-defined]
        return cast(View, wrapper)

    return decorate


def public(view: View) -> View:
    """Marks a view that anyone may open; a test asks for one mark on every view."""
    view.guard = "public"  # type: ignore[attr-defined]
    return view
