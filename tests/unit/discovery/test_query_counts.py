"""No page asks the database more often because it shows more: every public page has its number."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

from demo.bulk.loading import load
from marketplace.accounts.models import SellerProfile
from marketplace.core.container import Services
from marketplace.core.ids import split_slug
from marketplace.listings.models import Listing
from marketplace.search import indexing

FEW, MANY = 3, 30
QUERIES = {
    "/": 12,
    "/browse": 7,
    "/browse?category=posters&sort=newest": 6,
    "/search?q=calm": 7,
    "/search/suggestions.json?q=cal": 6,
    "/c/posters": 5,
    "/m/house-full": 5,
    "/s/HANDLE": 7,
    "/p/PATH": 11,
    "/p/PATH/proof": 21,
    "/c/posters/feed.xml": 2,
    "/sitemap.xml": 1,
}
"""So many statements. Who needs one more has to say so here."""


def quiet(what: str, done: int, total: int) -> None:
    """No progress bar in tests."""


@pytest.fixture
def asked(app: Flask, services: Services) -> Callable[[str], list[str]]:
    """Open a page as a stranger; the statements that it cost."""
    seen: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        seen.append(statement)

    event.listen(services.database.engine, "before_cursor_execute", note)

    def ask(path: str) -> list[str]:
        app.test_client().get(path)  # whatever is made once
        seen.clear()
        answer = app.test_client().get(path)
        assert answer.status_code == 200, path
        return list(seen)

    return ask


def test_pages_ask_as_often_for_thirty_listings_as_for_three(
    asked: Callable[[str], list[str]], services: Services, session: Session
) -> None:
    counts = {}
    for added in (FEW, MANY - FEW):
        load(services, added, 1, quiet, drawn=3)
        session.commit()
        # All of it in one place: the pages of places are as full as they can be.
        session.execute(text("UPDATE listings SET category_slug = 'posters'"))
        session.execute(text("UPDATE listing_versions SET target_model_slug = 'house-full'"))
        indexing.write(session, session.scalars(select(Listing.id)).all(), services.settings)
        session.commit()
        listing = session.scalars(select(Listing).order_by(Listing.id).limit(1)).one()
        handle = session.get_one(SellerProfile, listing.seller_id).handle
        assert split_slug(listing.path)[1] == listing.id
        counts[added] = {
            page: len(asked(page.replace("HANDLE", handle).replace("PATH", listing.path)))
            for page in QUERIES
        }
        session.commit()  # loading more waits for whoever still reads
    assert counts[FEW] == counts[MANY - FEW]
    assert counts[FEW] == QUERIES
