"""Which requests may be answered with a kept page: those of strangers whom nothing distinguishes.

A page is kept for people without any session: no log-in, no cart, no message waiting, no form
opened before. Forms on it carry no token, for that would be somebody's: see own_pages.py. Triggers
of the database notify CHANNEL in the very transaction that changes what strangers see, and every
web process listens; while one cannot listen, it makes every page anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

from flask import (
    Flask,
    Response,
    current_app,
    g,
    has_request_context,
    make_response,
    request,
    session,
)
from flask_login import COOKIE_NAME

from marketplace.core.notices import Ears, Listener
from marketplace.core.web.kept_pages import KeptPage, KeptPages
from marketplace.core.web.kept_values import KeptValues
from marketplace.core.web.request_scope import services
from marketplace.core.web.traces import note_again, noted

View = TypeVar("View", bound=Callable[..., Any])
Value = TypeVar("Value")
CHANNEL = "bracket_pages"
MOST_ARGUMENTS = 2
"""Filters that an address may name for its page to be kept: further combinations are rarely asked
for twice, and would push out what is."""
MOST_ADDRESS = 200
_EXTENSION = "bracket_page_keeper"


@dataclass
class Keeper:
    """The pages and cards of this process, and the listener that the first request starts.

    By the first request, because a server may fork after the application was made.
    """

    pages: KeptPages[Response]
    values: KeptValues = field(default_factory=lambda: KeptValues(0))
    listener: Listener | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def listen(self, database_url: str) -> None:
        """Listen for changes, unless that is done already."""
        if self.listener is not None:
            return
        with self._lock:
            if self.listener is None:
                ears = Ears(opened=self._open, heard=self._forget, closed=self._close)
                self.listener = Listener(database_url, CHANNEL, ears)
                self.listener.start()

    def stop(self) -> None:
        """End the listener, if there is one."""
        if self.listener is not None:
            self.listener.stop()

    def _open(self) -> None:
        self.pages.open()
        self.values.open()

    def _forget(self) -> None:
        self.pages.forget()
        self.values.forget()

    def _close(self) -> None:
        self.pages.close()
        self.values.close()


def init_page_keeping(app: Flask, megabytes: int, values: int) -> None:
    """Keep so many megabytes of pages, and so many parts of pages, in each process; 0 for none."""
    pages: KeptPages[Response] = KeptPages(megabytes * 1024 * 1024)
    keeper = Keeper(pages, KeptValues(values)) if megabytes or values else None
    app.extensions[_EXTENSION] = keeper
    app.jinja_env.globals.update(page_is_kept=page_is_kept, kept_for_all=kept_for_all)


def stop_keeping(app: Flask) -> None:
    """End the listener of an application that is not used any more."""
    keeper: Keeper | None = app.extensions.get(_EXTENSION)
    if keeper is not None:
        keeper.stop()


def keep_pages_in(app: Flask, keeper: Keeper | None) -> None:
    """Exchange the keeper (tests)."""
    app.extensions[_EXTENSION] = keeper


def kept_values() -> KeptValues | None:
    """Where parts of strangers' pages are kept; None where nothing may be taken from there."""
    if not has_request_context():
        return None
    if "kept_values" not in g:  # a page of results asks two dozen times
        g.kept_values = _kept_values()
    found: KeptValues | None = g.kept_values
    return found


def _kept_values() -> KeptValues | None:
    keeper: Keeper | None = current_app.extensions.get(_EXTENSION)
    if keeper is None or not is_plain_stranger():
        return None
    keeper.listen(services().settings.database_url)
    return keeper.values if keeper.values.is_open else None


def kept_for_all(key: Hashable, make: Callable[..., Value], *args: Any) -> Value:
    """What ``make`` returns for the arguments, kept for other strangers too.

    Args:
        key: tells it apart; everything that the value depends on and that is not in the database.
    """
    values = kept_values()
    if values is None:
        return make(*args)
    found: Value | None = values.get(key)
    if found is None:
        change = values.change
        found = make(*args)
        values.put(key, found, change)
    return found


def page_is_kept() -> bool:
    """True while a page is made that others will be shown as well."""
    return bool(g.get("page_is_kept", False))


def kept_for_strangers(*arguments: str) -> Callable[[View], View]:
    """Answer strangers with the kept page where there is one.

    Args:
        arguments: parts of the address that the view reads; with any other, nothing is kept.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            keeper: Keeper | None = current_app.extensions.get(_EXTENSION)
            key = _key(arguments) if keeper is not None and is_plain_stranger() else None
            if keeper is None or key is None:
                return view(*args, **kwargs)
            keeper.listen(services().settings.database_url)
            if not keeper.pages.is_open:
                return view(*args, **kwargs)
            found = keeper.pages.fetch(key, lambda: _make(view, *args, **kwargs))
            return _answer(found) if isinstance(found, KeptPage) else found

        return cast(View, wrapper)

    return decorate


def is_plain_stranger() -> bool:
    """True when nothing in the request tells its sender from any other stranger."""
    remembered = current_app.config.get("REMEMBER_COOKIE_NAME", COOKIE_NAME)
    if session or remembered in request.cookies:
        return False
    return not any(name in request.headers for name in ("Authorization", "Authentication-Token"))


def _key(arguments: tuple[str, ...]) -> str | None:
    """What tells kept pages apart; None for an address whose page is not kept."""
    pairs = sorted(request.args.items(multi=True))
    if len(pairs) > MOST_ARGUMENTS or any(name not in arguments for name, _ in pairs):
        return None
    key = f"{request.host_url}{request.path.lstrip('/')}?{urlencode(pairs)}"
    return key if len(key) <= MOST_ADDRESS else None


def _make(view: Callable[..., Any], *args: Any, **kwargs: Any) -> KeptPage | Response:
    g.page_is_kept = True
    try:
        response = make_response(view(*args, **kwargs))
    finally:
        g.page_is_kept = False
    personal = (
        response.status_code != 200
        or response.mimetype != "text/html"
        or session.modified
        or "Set-Cookie" in response.headers
        or "csrf_token" in g  # made for this one visitor
        or "csp_nonce" in g  # good for this one answer
    )
    return response if personal else KeptPage.of(response.get_data(), noted())


def _answer(page: KeptPage) -> Response:
    note_again(page.traces)
    packed = "gzip" in request.accept_encodings
    response = current_app.response_class(
        page.packed if packed else page.body, mimetype="text/html"
    )
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    # A browser may keep it, but has to ask whether it still holds: that answers with 304.
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary.update(("Accept-Encoding", "Cookie"))
    response.set_etag(page.tag, weak=True)
    response.make_conditional(request)  # changes the response itself
    return response
