"""Fills in the hosted pages that the payments emulator serves on this machine, like a browser."""

from __future__ import annotations

from typing import IO, Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from marketplace.settings_safety import LOOPBACK_HOSTS

TIMEOUT = 15.0  # seconds; the emulator answers in milliseconds unless the machine is very busy


class PageRefusedError(RuntimeError):
    """A hosted page did not accept what was filled in."""


class _StayHere(HTTPRedirectHandler):
    """The page leads back to the site, where nobody is logged in: the answer is enough."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> None:
        """Follow nothing."""


def submit(url: str, fields: dict[str, str]) -> int:
    """POST a form to a hosted page; returns the answer's status.

    Raises:
        ValueError: when the address is not on this machine.
        PageRefusedError: when the page shows the form again or is gone.
    """
    if urlsplit(url).hostname not in LOOPBACK_HOSTS:
        raise ValueError("the demo only ever pays on this machine")
    opener = build_opener(ProxyHandler({}), _StayHere())  # a proxy knows nothing of our loopback
    try:
        with opener.open(url, urlencode(fields).encode(), timeout=TIMEOUT) as response:
            return int(response.status)
    except HTTPError as error:
        if 300 <= error.code < 400:
            return error.code
        raise PageRefusedError(f"the hosted page answered {error.code}") from None
