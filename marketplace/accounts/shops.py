"""What a seller says on their own page. Nothing here commits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from marketplace.accounts.models import SellerProfile
from marketplace.core.errors import InvalidError

MAX_BIO, MAX_LINKS, MAX_LINK = 600, 3, 200
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}")


def read_links(text: str) -> list[str]:
    """Addresses from what a person typed, one in each line; empty lines do not matter.

    Raises:
        InvalidError: naming the line that is no address, and how to write one.
    """
    typed = [line.strip() for line in text.splitlines() if line.strip()]
    links = list(dict.fromkeys(map(_link, typed)))
    if len(links) > MAX_LINKS:
        raise InvalidError(f"At most {MAX_LINKS} links, please: there are {len(links)}.", "links")
    return links


def _link(typed: str) -> str:
    link = typed if "//" in typed else f"https://{typed}"
    shown = typed if len(typed) <= 60 else f"{typed[:57]}…"
    if len(link) > MAX_LINK:
        raise InvalidError(f"“{shown}” is longer than {MAX_LINK} characters.", "links")
    if not link.isascii() or not link.isprintable() or any(sign in link for sign in ' "<>\\^`{|}'):
        raise InvalidError(f"“{shown}” holds signs that no web address has.", "links")
    try:
        parts = urlsplit(link)
        plain = parts.port is None and parts.username is None and parts.password is None
    except ValueError:
        plain = False
        parts = urlsplit("")
    host = (parts.hostname or "").lower()
    if parts.scheme != "https" or not plain or _HOST.fullmatch(host) is None:
        raise InvalidError(
            f"“{shown}” is no address that can be shown. Write one like https://example.com/you.",
            "links",
        )
    return link


def describe_shop(
    profile: SellerProfile, display_name: str, bio: str, links: Sequence[str]
) -> None:
    """Set what a seller's page says; the handle stays, for it is in addresses."""
    profile.display_name, profile.bio, profile.links = display_name, bio, list(links)
