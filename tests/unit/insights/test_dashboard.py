"""The page and its files: for sellers only, without a script, in as many queries at any size."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.insights.models import ListingDay
from tests.factories.accounts import make_seller, make_user
from tests.factories.money import make_order
from tests.factories.orders import make_live_listing
from tests.fixtures.app import log_in

QUERIES = {"/sell/dashboard": 16, "/sell/dashboard/revenue.csv": 8}
SLUGS = {"revenue", "funnel", "conversion", "favourites", "terms", "consistency"}


@pytest.fixture
def seller(session: Session) -> SellerProfile:
    profile = make_seller(session, name="Mira Holm", handle="mira-holm")
    session.commit()
    return profile


@pytest.fixture
def desk(client: FlaskClient, seller: SellerProfile) -> FlaskClient:
    return log_in(client, seller.user)


def fill(session: Session, seller: SellerProfile, listings: int) -> None:
    """So many listings, each with looks and a sale."""
    for _ in range(listings):
        listing = make_live_listing(session, seller)
        make_order(session, make_user(session).id, listing)
        session.add(ListingDay(listing_id=listing.id, day=now().date(), shown=20, opened=4))
    session.commit()


@pytest.fixture
def asked(app: Flask, services: Services) -> Callable[[FlaskClient, str], int]:
    """How many statements a page costs."""
    seen: list[str] = []
    event.listen(
        services.database.engine,
        "before_cursor_execute",
        lambda connection, cursor, statement, *rest: seen.append(statement),
    )

    def ask(client: FlaskClient, path: str) -> int:
        client.get(path)
        seen.clear()
        assert client.get(path).status_code == 200
        return len(seen)

    return ask


def test_as_many_queries_for_twenty_listings_as_for_two(
    session: Session,
    seller: SellerProfile,
    desk: FlaskClient,
    asked: Callable[[FlaskClient, str], int],
) -> None:
    for more in (2, 18):
        fill(session, seller, more)
        assert {path: asked(desk, path) for path in QUERIES} == QUERIES
        session.rollback()


def test_a_shop_that_is_empty_has_words_and_one_that_is_not_has_drawings(
    session: Session, seller: SellerProfile, desk: FlaskClient
) -> None:
    empty = desk.get("/sell/dashboard").get_data(as_text=True)
    assert "Nobody has seen your listings in these days." in empty
    assert '<svg class="chart' not in empty
    fill(session, seller, 2)
    page = desk.get("/sell/dashboard?days=7").get_data(as_text=True)
    assert "style=" not in page
    assert 'aria-current="page">7 days' in page
    assert "Shown 40 times, opened 8 times, in a cart 0 times, sold 2 times." in page
    assert re.search(r"<title>\d+ \w+ \d{4}: 25 %</title>", page)
    for slug in SLUGS - {"terms", "consistency", "favourites", "revenue"}:
        assert f"/sell/dashboard/{slug}.csv?days=7" in page


def test_every_figure_is_a_file_and_nothing_else_is(desk: FlaskClient) -> None:
    for slug in SLUGS:
        answer = desk.get(f"/sell/dashboard/{slug}.csv?days=365")
        assert answer.status_code == 200
        assert answer.mimetype == "text/csv"
        assert f"bracket-{slug}-365-days" in answer.headers["Content-Disposition"]
    assert desk.get("/sell/dashboard/secrets.csv").status_code == 404


def test_who_does_not_sell_has_no_dashboard(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    person = make_user(session)
    session.commit()
    for path in ("/sell/dashboard", "/sell/dashboard/revenue.csv"):
        assert client.get(path).status_code == 302
        assert log_in(app.test_client(), person).get(path).status_code == 404
