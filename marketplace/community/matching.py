"""A saved search is a browse address, read by discovery's own parser and run by its own search."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.discovery import queries
from marketplace.discovery.filters import BrowseFilter, Sort, read_filter
from marketplace.listings.models import Listing
from marketplace.listings.queries import categories, target_models

MOST_FIELDS = 100
MOST_CHARACTERS = 2000


@dataclass(frozen=True)
class ReadSearch:
    """What an address asks for: its arguments in the parser's own spelling, and in words."""

    wanted: BrowseFilter
    address: str
    name: str


def read_search(session: Session, address: str) -> ReadSearch:
    """Read the arguments of a browse page's address; what cannot be understood is left out."""
    try:
        pairs = parse_qsl(address[:MOST_CHARACTERS], max_num_fields=MOST_FIELDS)
    except ValueError:  # more fields than any page of ours has
        pairs = []
    models = {model.slug: model.name for model in target_models(session)}
    shelves = {category.slug: category.name for category in categories(session)}
    wanted = read_filter(dict(pairs), models, shelves)
    # The order is no part of what is looked for.
    wanted = replace(wanted, sort=wanted.default_sort)
    words = [
        f"“{wanted.q}”" if wanted.q else "",
        shelves.get(wanted.category, ""),
        models.get(wanted.model, ""),
    ]
    return ReadSearch(wanted, urlencode(wanted.args()), ", ".join(filter(None, words)))


def new_matches(
    session: Session, services: Services, address: str, since: datetime, until: datetime
) -> list[Listing]:
    """What a saved search finds among the listings published in between, newest first.

    Args:
        since: exclusive; until: inclusive.
    """
    wanted = replace(read_search(session, address).wanted, sort=Sort.NEWEST)
    found = [item.listing for item in queries.browse(session, wanted, 1).items]
    return [one for one in found if one.published_at and since < one.published_at <= until]
