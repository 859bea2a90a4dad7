"""Which requests are a person's look at something, and by what words it was found."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

from marketplace.insights.models import MAX_TERM

MAX_WORDS = 6
"""More words are no search but somebody's text, a prompt perhaps: they are not counted."""
BROWSERS = ("Mozilla/", "Opera/")
"""How every browser's User-Agent begins; most programs say who they are instead."""
# "(?<!cu)": Cubot makes telephones.
_MACHINES = re.compile(
    r"(?<!cu)bot\b|crawl|spider|slurp|scrap|headless|lighthouse|monitor|preview|phantomjs|"
    r"archiver|externalhit|validator|pagespeed|synthetic|google-|feedfetcher|https?://",
    re.IGNORECASE,
)
_PURPOSES = ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_MOZ")
_PERSONAL = re.compile(r"@|https?:|www\.|\d{5,}|(?:\d[ .()/+-]*){7,}")
_QUOTES = str.maketrans(dict.fromkeys('"“”„«»', " "))


def is_persons_look(environ: Mapping[str, Any]) -> bool:
    """True for a page that a browser asked for to show it; not for bots, and not ahead of time.

    Args:
        environ: the request as WSGI has it; asking Flask for each header takes ten times as long,
            and this is asked for every page.
    """
    if environ["REQUEST_METHOD"] == "HEAD" or _is_machine(environ.get("HTTP_USER_AGENT", "")):
        return False
    purposes = (environ.get(name) for name in _PURPOSES)
    return not any(purpose and "prefetch" in purpose.lower() for purpose in purposes)


@lru_cache(maxsize=4096)
def _is_machine(agent: str) -> bool:
    return not agent.startswith(BROWSERS) or _MACHINES.search(agent) is not None


def term_behind(referrer: str | None, host: str, search_path: str) -> str | None:
    """The words whose page of results led here; None where it was no search of ours.

    Our pages send their address along to our own pages only (Referrer-Policy: same-origin).
    """
    if not referrer:
        return None
    try:
        parts = urlsplit(referrer)
        if parts.netloc != host or parts.path != search_path:
            return None
        asked = parse_qs(parts.query, max_num_fields=50).get("q", [""])[0]
    except ValueError:
        return None
    return normalised(asked)


def normalised(text: str) -> str | None:
    """Words as they are counted: one case, single spaces; None for what may be personal."""
    words = unicodedata.normalize("NFKC", text).casefold().translate(_QUOTES).split()
    term = " ".join(words)
    if not words or len(words) > MAX_WORDS or len(term) > MAX_TERM or not term.isprintable():
        return None
    return None if _PERSONAL.search(term) else term
