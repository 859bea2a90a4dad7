"""A saved search is a search's address, read by discovery's own parser and run by search itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from marketplace.core.container import Services
from marketplace.discovery.filters import args_of, read_wanted
from marketplace.discovery.on_sale import listings_on_sale
from marketplace.discovery.search_page import Names
from marketplace.listings.models import Listing
from marketplace.listings.queries import categories, target_models
from marketplace.search.finding import find
from marketplace.search.wanted import Sort, Wanted

MOST_FIELDS = 100
MOST_CHARACTERS = 2000


@dataclass(frozen=True)
class ReadSearch:
    """What an address asks for: its arguments in the parser's own spelling, and in words."""

    wanted: Wanted
    address: str
    name: str


def read_search(session: Session, address: str) -> ReadSearch:
    """Read the arguments of a page of results; what cannot be understood is left out."""
    try:
        pairs = parse_qsl(address[:MOST_CHARACTERS], max_num_fields=MOST_FIELDS)
    except ValueError:  # more fields than any page of ours has
        pairs = []
    names = Names(target_models(session), categories(session))
    wanted = read_wanted(MultiDict(pairs), names.known)
    # Neither the order nor the page is part of what is looked for.
    wanted = replace(wanted, sort=wanted.default_sort, after=None)
    words = [
        f"“{wanted.q}”" if wanted.q else "",
        "A picture" if wanted.look else "",
        *(names.said(facet, values) for facet, values in wanted.chosen.items()),
    ]
    return ReadSearch(
        wanted, urlencode(args_of(wanted), doseq=True), ", ".join(filter(None, words))
    )


def new_matches(
    session: Session, services: Services, address: str, since: datetime, until: datetime
) -> list[Listing]:
    """What a saved search finds among the listings published in between, newest first.

    Every word must be there: nobody wants a mail about what is merely near in meaning.

    Args:
        since: exclusive; until: inclusive.
    """
    wanted = replace(read_search(session, address).wanted, sort=Sort.NEWEST)
    hits = find(session, services.settings, wanted, in_full=True).hits
    query = listings_on_sale().where(
        Listing.id.in_([hit.listing_id for hit in hits]),
        Listing.published_at > since,
        Listing.published_at <= until,
    )
    return list(session.scalars(query.order_by(Listing.published_at.desc(), Listing.id)))
