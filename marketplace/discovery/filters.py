"""What a visitor asked to see, read from the address and written back into it. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import replace

from werkzeug.datastructures import MultiDict

from marketplace.core.ids import is_id
from marketplace.search.ordering import read_cursor, write_cursor
from marketplace.search.signature import MAX_TEXT
from marketplace.search.wanted import Facet, Sort, Wanted, in_order

MAX_QUERY_CHARACTERS = 100
MAX_VALUES = 20
"""Values of one facet that an address may choose."""
SORT_NAMES = {
    Sort.RELEVANCE: "Best match",
    Sort.TRENDING: "Trending",
    Sort.NEWEST: "Newest",
    Sort.CONSISTENT: "Most consistent",
    Sort.RATED: "Best rated",
    Sort.PRICE_LOW: "Price, low to high",
    Sort.PRICE_HIGH: "Price, high to low",
}
_LOOK = re.compile(f"[A-Za-z0-9_-]{{1,{MAX_TEXT}}}")

Args = dict[str, str | list[str]]


def read_wanted(args: MultiDict[str, str], known: Mapping[Facet, Collection[str]]) -> Wanted:
    """The search that an address's arguments ask for; what cannot be understood is ignored.

    Args:
        known: every value that each facet can have.
    """
    look = args.get("look", "")
    chosen = {}
    for facet in Facet:
        values = [value for value in args.getlist(facet.value) if value in known[facet]]
        unique = list(dict.fromkeys(values))[:MAX_VALUES]
        chosen[facet] = unique[:1] if facet.is_at_least else sorted(unique)
    plain = Wanted(
        q=clean_query(args.get("q", "")),
        look=look if _LOOK.fullmatch(look) else "",
        chosen=in_order(chosen),
    )
    wanted = args.get("sort", "")
    known_sort = wanted in [sort.value for sort in plain.sorts]
    plain = replace(plain, sort=Sort(wanted) if known_sort else plain.default_sort)
    after = read_cursor(args.get("after", ""), plain.sort) if args.get("after", "") else None
    return plain.behind(after) if after is not None and is_id(after.listing_id) else plain


def args_of(wanted: Wanted) -> Args:
    """The parts of the address that say it; whatever is the default is left out."""
    parts: Args = {}
    if wanted.q:
        parts["q"] = wanted.q
    if wanted.look:
        parts["look"] = wanted.look
    parts |= {facet.value: list(values) for facet, values in wanted.chosen.items()}
    if wanted.sort is not wanted.default_sort:
        parts["sort"] = wanted.sort.value
    if wanted.after is not None:
        parts["after"] = write_cursor(wanted.after)
    return parts


def endpoint_of(wanted: Wanted) -> str:
    """The page that shows it: /search for words and pictures, /browse for facets alone."""
    return "discovery.search" if wanted.is_search else "discovery.browse"


def clean_query(text: str) -> str:
    """Search words without control characters (PostgreSQL refuses NUL), at most 100 characters."""
    visible = "".join(
        " " if unicodedata.category(char) in ("Cc", "Cs") else char for char in text[:1000]
    )
    return re.sub(r"\s+", " ", visible).strip()[:MAX_QUERY_CHARACTERS].rstrip()
