"""Pages kept for strangers: never anything of somebody's, and never what no longer holds."""

from __future__ import annotations

import gzip
import re
import time
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.core.money import Money
from marketplace.core.web.kept_pages import KeptPages
from marketplace.core.web.kept_values import KeptValues
from marketplace.core.web.page_keeping import Keeper, keep_pages_in
from marketplace.listings import operations
from marketplace.listings.models import Listing
from marketplace.search import indexing
from marketplace.verification.states import Verdict
from tests.factories.accounts import make_seller, make_user
from tests.factories.shop import make_on_sale, make_report
from tests.fixtures.app import log_in
from tests.unit.discovery.conftest import Shop

SOON = 60.0
"""Seconds that a notification may take on a machine that is busy with other tests."""


@pytest.fixture
def keeper(csrf_app: Flask, services: Services, shop: Shop) -> Iterator[Keeper]:
    """Pages are kept, as in production, once all of the shop is there and changes are heard of."""
    keeper = Keeper(KeptPages(8_000_000), KeptValues(1_000))
    keep_pages_in(csrf_app, keeper)
    keeper.listen(services.settings.database_url)
    soon(lambda: keeper.pages.is_open)
    yield keeper
    keeper.stop()
    keep_pages_in(csrf_app, None)


def soon(happened: Callable[[], bool]) -> None:
    """Wait until it has happened; fails when it does not."""
    deadline = time.monotonic() + SOON
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def read(client: FlaskClient, path: str) -> str:
    answer = client.get(path, follow_redirects=True)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def paths_of(shop: Shop) -> list[str]:
    return [
        "/",
        "/browse",
        "/browse?category=posters",
        "/how-proof-works",
        "/c/posters",
        "/m/house-full",
        f"/s/{shop.mira.handle}",
        f"/p/{shop.fox.path}",
    ]


def reads(services: Services) -> Callable[[], int]:
    """How many statements the database has been sent since the call before."""
    seen: list[str] = []
    event.listen(
        services.database.engine,
        "before_cursor_execute",
        lambda connection, cursor, statement, *rest: seen.append(statement),
    )

    def since() -> int:
        many = len(seen)
        seen.clear()
        return many

    return since


def test_the_second_stranger_costs_no_query(
    keeper: Keeper, csrf_app: Flask, services: Services, shop: Shop
) -> None:
    since = reads(services)
    for path in paths_of(shop):
        first = csrf_app.test_client().get(path)
        assert since() > 0, path
        second = csrf_app.test_client().get(path)
        assert since() == 0, path
        assert second.get_data() == first.get_data(), path
        assert "Set-Cookie" not in second.headers, path
        assert second.headers["Content-Security-Policy"] != first.headers["Content-Security-Policy"]


def test_a_kept_page_holds_no_token_and_no_number_used_once(
    keeper: Keeper, csrf_app: Flask, shop: Shop
) -> None:
    for path in paths_of(shop):
        body = read(csrf_app.test_client(), path)
        assert "csrf_token" not in body, path
        assert "nonce=" not in body, path


def test_nobody_who_is_somebody_gets_or_leaves_a_kept_page(
    keeper: Keeper, csrf_app: Flask, session: Session, shop: Shop
) -> None:
    person = make_user(session, name="Pat of the tests")
    session.commit()
    for path in paths_of(shop):
        known = log_in(csrf_app.test_client(), person)
        assert "Pat of the tests" in read(known, path)  # makes the page first
        assert "Pat of the tests" not in read(csrf_app.test_client(), path)
        assert "Pat of the tests" in read(known, path)  # is not given the kept one
        assert known.get(path).headers["Cache-Control"] == "private, no-store"


def test_messages_and_carts_stay_with_their_owner(
    keeper: Keeper, csrf_app: Flask, shop: Shop
) -> None:
    path = f"/p/{shop.fox.path}"
    shopper = csrf_app.test_client()
    read(shopper, path)
    added = shopper.post(f"/cart/add/{shop.fox.id}", headers={"Sec-Fetch-Site": "same-origin"})
    assert added.status_code == 303
    assert "is in your cart" in read(shopper, path)
    assert "In your cart" in read(shopper, path)
    other = read(csrf_app.test_client(), path)
    assert "In your cart" not in other
    assert "is in your cart" not in other


@pytest.mark.parametrize(
    "header", [{"Authorization": "Bearer x"}, {"Authentication-Token": "x"}], ids=str
)
def test_other_ways_to_be_somebody_are_not_kept(
    keeper: Keeper, csrf_app: Flask, services: Services, shop: Shop, header: dict[str, str]
) -> None:
    read(csrf_app.test_client(), "/how-proof-works")
    since = reads(services)
    csrf_app.test_client().get("/how-proof-works", headers=header)
    assert since() > 0


def test_unknown_arguments_and_long_combinations_are_not_kept(
    keeper: Keeper, csrf_app: Flask, services: Services, shop: Shop
) -> None:
    since = reads(services)
    for path in ("/?utm=1", "/browse?category=posters&price=1&tier=exact", "/browse?after=x"):
        for _ in range(2):
            csrf_app.test_client().get(path)
            assert since() > 0, path


def test_a_browser_asks_whether_its_copy_still_holds(
    keeper: Keeper, csrf_app: Flask, session: Session, shop: Shop
) -> None:
    client = csrf_app.test_client()
    first = client.get("/browse", headers={"Accept-Encoding": "gzip"})
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert {"Cookie", "Accept-Encoding"} <= set(first.vary)
    plain = client.get("/browse").get_data()
    assert gzip.decompress(first.get_data()) == plain
    again = client.get("/browse", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.get_data()) == (304, b"")
    shop.fox.price_cents = 399
    session.commit()
    soon(
        lambda: (
            client.get("/browse", headers={"If-None-Match": first.headers["ETag"]}).status_code
            == 200
        )
    )


def test_a_new_price_is_seen_at_once(
    keeper: Keeper, csrf_app: Flask, session: Session, shop: Shop
) -> None:
    for path in ("/", f"/p/{shop.fox.path}"):
        assert "$4.87" not in read(csrf_app.test_client(), path)
    shop.fox.price_cents = Money(487).cents
    session.commit()
    for path in ("/", f"/p/{shop.fox.path}"):
        soon(lambda path=path: "$4.87" in read(csrf_app.test_client(), path))


def test_what_is_withdrawn_is_gone_at_once(
    keeper: Keeper, csrf_app: Flask, session: Session, services: Services, shop: Shop
) -> None:
    paths = [
        path for path in paths_of(shop) if shop.fox.title in read(csrf_app.test_client(), path)
    ]
    assert {"/", "/browse", f"/p/{shop.fox.path}"} <= set(paths)
    listing = session.get_one(Listing, shop.fox.id)
    operations.withdraw(session, listing, listing.seller_id)
    session.commit()
    page = f"/p/{shop.fox.path}"
    soon(lambda: csrf_app.test_client().get(page).status_code == 404)
    indexing.update(services)
    paths.remove(page)
    for path in paths:
        soon(lambda path=path: shop.fox.title not in read(csrf_app.test_client(), path))


def test_what_goes_live_and_what_is_reported_is_seen(
    keeper: Keeper, csrf_app: Flask, session: Session, services: Services, shop: Shop
) -> None:
    read(csrf_app.test_client(), "/")
    seller = make_seller(session, name="Newcomer", handle="newcomer")
    fresh = make_on_sale(session, services, seller, title="Entirely new walruses")
    soon(lambda: "Entirely new walruses" in read(csrf_app.test_client(), "/"))
    page = f"/p/{fresh.path}"
    before = read(csrf_app.test_client(), page)
    version = fresh.live_version
    assert version is not None
    make_report(session, version, (3, 9, 21), Verdict.REPRODUCED)
    session.commit()
    soon(lambda: read(csrf_app.test_client(), page) != before)


def test_what_is_undone_changes_nothing(
    keeper: Keeper, csrf_app: Flask, services: Services, shop: Shop
) -> None:
    read(csrf_app.test_client(), "/")
    since = reads(services)
    with services.database.new_session() as session:
        session.get_one(Listing, shop.fox.id).price_cents = 499
        session.flush()
        session.rollback()
    since()
    time.sleep(0.2)
    read(csrf_app.test_client(), "/")
    assert since() == 0


def test_while_changes_cannot_be_heard_pages_are_made_anew(
    keeper: Keeper, csrf_app: Flask, services: Services, session: Session, shop: Shop
) -> None:
    read(csrf_app.test_client(), "/")
    session.execute(
        text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() "
            "AND (query LIKE 'LISTEN%' OR query = 'SELECT true')"
        )
    )
    session.commit()
    soon(lambda: not keeper.pages.is_open)
    since = reads(services)
    read(csrf_app.test_client(), "/")
    assert since() > 0
    soon(lambda: keeper.pages.is_open)  # it connects again by itself


# Forgery: kept pages have no token, so the browser's own word has to do for strangers.


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "http://localhost"}, 303),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 400),
        ({"Sec-Fetch-Site": "same-site"}, 400),
        ({"Sec-Fetch-Site": "none"}, 400),
        ({"Origin": "https://evil.example"}, 400),
        ({"Origin": "null"}, 400),
        ({}, 400),
    ],
    ids=str,
)
def test_a_strangers_form_counts_only_from_our_own_pages(
    csrf_app: Flask, shop: Shop, headers: dict[str, str], status: int
) -> None:
    answer = csrf_app.test_client().post(f"/cart/add/{shop.fox.id}", headers=headers)
    assert answer.status_code == status


def test_a_person_needs_the_token_even_so(csrf_app: Flask, session: Session, shop: Shop) -> None:
    person = make_user(session)
    session.commit()
    answer = log_in(csrf_app.test_client(), person).post(
        f"/cart/add/{shop.fox.id}", headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert answer.status_code == 400


def test_a_browser_that_says_nothing_is_given_a_token_the_second_time(
    keeper: Keeper, csrf_app: Flask, shop: Shop
) -> None:
    old, page = csrf_app.test_client(), f"/p/{shop.fox.path}"
    assert "csrf_token" not in read(old, page)
    assert old.post(f"/cart/add/{shop.fox.id}").status_code == 400
    assert "csrf_token" in read(old, page)


def test_cards_are_kept_where_pages_are_not(
    keeper: Keeper, csrf_app: Flask, services: Services, session: Session, shop: Shop
) -> None:
    keeper.pages.close()
    path, since = "/browse?sort=newest", reads(services)

    def stranger() -> str:
        return read(csrf_app.test_client(use_cookies=False), path)

    stranger()
    first = since()
    assert shop.fox.title in stranger()
    assert since() == first - 4  # what facets are called (two queries), cards and their stars
    shop.fox.price_cents = Money(444).cents
    session.commit()
    indexing.update(services)
    soon(lambda: "$4.44" in stranger())
    person = make_user(session)
    session.commit()
    assert "aria-pressed" in read(log_in(csrf_app.test_client(), person), path)
    assert "aria-pressed" not in stranger()


FOLLOW = {
    "consistency_pictures": "all there before their report is completed",
    "search_counts": "moved by search_documents, in the same statement",
}
"""Tables that kept pages read and whose changes need no notice of their own, and why."""


def test_whatever_a_kept_page_reads_gives_notice_of_its_changes(
    keeper: Keeper, csrf_app: Flask, services: Services, session: Session, shop: Shop
) -> None:
    """Who shows another table's rows to strangers adds the trigger `pages_changed` to it."""
    seen: list[str] = []
    event.listen(
        services.database.engine,
        "before_cursor_execute",
        lambda connection, cursor, statement, *rest: seen.append(statement),
    )
    for path in paths_of(shop):
        read(csrf_app.test_client(), path)
    known = set(
        session.scalars(
            text(
                "SELECT DISTINCT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
                "JOIN pg_proc p ON p.oid = t.tgfoid WHERE p.proname = 'pages_changed'"
            )
        )
    )
    tables = set(
        session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
    )
    named = {word for statement in seen for word in re.findall(r"(?:FROM|JOIN) (\w+)", statement)}
    assert len(named & tables) > 5
    assert (named & tables) - known - FOLLOW.keys() == set()
