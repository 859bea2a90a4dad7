"""Looks are counted once each, kept pages included, and cost no query; nobody is named."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import frozen, now
from marketplace.core.container import Services
from marketplace.core.web.kept_pages import KeptPages
from marketplace.core.web.kept_values import KeptValues
from marketplace.core.web.page_keeping import Keeper, keep_pages_in
from marketplace.core.web.traces import Step
from marketplace.insights import folding
from marketplace.insights.counting import GIVE_UP_AFTER, Clerk, Tally
from marketplace.insights.models import CountBatch, KnownTerm, ListingDay, TermDay
from marketplace.listings.models import Listing
from marketplace.search import indexing
from tests.factories.accounts import make_seller
from tests.factories.shop import make_on_sale
from tests.fixtures.app import log_in
from tests.unit.insights.test_visits import CHROME
from workers.tasks import insights as tasks

DAY = date(2026, 11, 21)
PERSON = {"User-Agent": CHROME}
OURS = PERSON | {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def seller(session: Session) -> SellerProfile:
    return make_seller(session, name="Mira Holm", handle="mira-holm")


@pytest.fixture
def fox(session: Session, services: Services, seller: SellerProfile) -> Listing:
    listing = make_on_sale(session, services, seller, title="Paper foxes")
    indexing.update(services)
    return listing


@pytest.fixture
def kept(csrf_app: Flask) -> Iterator[None]:
    """Pages are kept; nothing changes meanwhile, so nobody has to listen."""
    keeper = Keeper(KeptPages(8_000_000), KeptValues(1_000))
    keeper.pages.open()
    keeper.values.open()
    keeper.listen = lambda url: None  # type: ignore[method-assign]
    keep_pages_in(csrf_app, keeper)
    yield
    keep_pages_in(csrf_app, None)


def counted(clerk: Clerk) -> dict[str, dict[str, int]]:
    """What the clerk has counted since the last time, by listing."""
    batch = clerk.tally.take() or {"counts": []}
    return {
        row["listing_id"]: {step.value: row[step] for step in Step if row[step]}
        for row in batch["counts"]
    }


def test_a_kept_page_is_counted_for_everybody_who_gets_it_and_costs_no_query(
    clerk: Clerk, kept: None, csrf_app: Flask, services: Services, fox: Listing
) -> None:
    seen: list[str] = []
    event.listen(
        services.database.engine,
        "before_cursor_execute",
        lambda connection, cursor, statement, *rest: seen.append(statement),
    )
    for path, step in ((f"/p/{fox.path}", "opened"), ("/browse", "shown"), ("/", "shown")):
        csrf_app.test_client().get(path, headers=PERSON)
        assert counted(clerk)[fox.id][step] >= 1
        seen.clear()
        once = csrf_app.test_client().get(path, headers=PERSON)
        tag = {"If-None-Match": once.headers["ETag"]}
        again = csrf_app.test_client().get(path, headers=PERSON | tag)
        assert again.status_code == 304  # the browser shows what it has: seen all the same
        assert counted(clerk)[fox.id][step] % 2 == 0
        assert seen == []


def test_bots_and_the_seller_are_not_counted(
    clerk: Clerk, app: Flask, client: FlaskClient, seller: SellerProfile, fox: Listing
) -> None:
    for path in (f"/p/{fox.path}", "/browse", f"/s/{seller.handle}"):
        assert client.get(path, headers={"User-Agent": "curl/8"}).status_code == 200
        log_in(app.test_client(), seller.user).get(path, headers=PERSON)
        assert counted(clerk) == {}
        client.get(path, headers=PERSON)
        assert set(counted(clerk)) == {fox.id}


def test_a_cart_is_counted_when_the_listing_is_new_to_it(
    clerk: Clerk, app: Flask, session: Session, fox: Listing
) -> None:
    client = app.test_client()
    assert client.post(f"/cart/add/{fox.id}", headers=OURS).status_code == 303
    assert counted(clerk) == {fox.id: {"carted": 1}}
    client.post(f"/cart/add/{fox.id}", headers=OURS)
    assert counted(clerk) == {}


def test_words_that_led_to_a_listing_are_shown_after_three_days_and_nowhere_before(
    clerk: Clerk, app: Flask, services: Services, session: Session, fox: Listing
) -> None:
    led = PERSON | {"Referer": "http://localhost/search?q=Paper++FOX"}
    for number in range(folding.DAYS_TO_BE_KNOWN):
        assert session.scalars(select(KnownTerm.words)).all() == []
        with frozen(now() - timedelta(days=5 - number)):
            app.test_client().get(f"/p/{fox.path}", headers=led)
            app.test_client().get(f"/p/{fox.path}", headers=led)
        assert clerk.write(services.database)
        assert folding.fold(session, services.vault) == 1
        session.commit()
        batches = session.execute(select(CountBatch.counts, CountBatch.terms)).all()
        assert {str(part) for row in batches for part in row} == {"[]"}
    assert session.scalars(select(KnownTerm.words)).all() == ["paper fox"]
    assert session.scalar(select(func.sum(TermDay.clicks))) == 6
    assert session.scalar(select(func.sum(ListingDay.opened))) == 6


def batch(listing_id: str, **counts: int) -> dict[str, Any]:
    tally = Tally()
    for name, many in counts.items():
        for _ in range(many):
            tally.add(DAY, ((Step(name), (listing_id,)),), None)
    made = tally.take()
    assert made is not None
    return made


def test_a_batch_is_added_once_however_often_it_is_sent_and_folded(
    services: Services, session: Session, fox: Listing
) -> None:
    sent = batch(fox.id, shown=5, opened=2)
    session.add(CountBatch(**sent))
    session.add(CountBatch(**batch("0" * 13, shown=1)))  # of a listing that is gone
    session.commit()
    assert folding.fold(session, services.vault) == 2
    session.rollback()  # the worker is killed before the commit
    assert folding.waiting(session) == 2
    assert folding.fold(session, services.vault) == 2
    session.commit()
    assert folding.fold(session, services.vault) == 0
    assert session.get(CountBatch, sent["id"]) is not None  # its id stays: sent again, it is known
    session.add(CountBatch(**batch(fox.id, shown=1, carted=1)))
    session.commit()
    folding.fold(session, services.vault)
    session.commit()
    (row,) = session.scalars(select(ListingDay)).all()
    assert (row.day, row.shown, row.opened, row.carted) == (DAY, 6, 2, 1)


def test_two_workers_take_different_batches(
    services: Services, session: Session, fox: Listing
) -> None:
    session.add(CountBatch(**batch(fox.id, shown=3)))
    session.commit()
    assert folding.fold(session, services.vault) == 1
    with services.database.new_session() as other:
        assert folding.fold(other, services.vault) == 0
    session.commit()


def test_what_is_old_goes(services: Services, session: Session, fox: Listing) -> None:
    today = now().date()
    for words, days in (("known", 40), ("rare", 40), ("fresh", 3), ("ancient", 800)):
        key = folding.term_key(services.vault, words)
        day = today - timedelta(days=days)
        session.add(TermDay(listing_id=fox.id, term_key=key, day=day, clicks=1))
    for words in ("known", "ancient"):
        session.add(KnownTerm(term_key=folding.term_key(services.vault, words), words=words))
    old = today - timedelta(days=folding.KEEP_DAYS + 1)
    session.add(ListingDay(listing_id=fox.id, day=old, shown=1))
    session.add(CountBatch(**batch(fox.id, shown=1), folded_at=now() - timedelta(days=2)))
    session.flush()
    folding.tidy(session)
    keys = set(session.scalars(select(TermDay.term_key)))
    assert keys == {folding.term_key(services.vault, words) for words in ("known", "fresh")}
    assert session.scalars(select(KnownTerm.words)).all() == ["known"]
    assert session.scalars(select(ListingDay)).all() == []
    assert session.scalars(select(CountBatch)).all() == []


def test_what_the_database_does_not_take_is_sent_again_and_given_up_in_the_end(
    services: Services, session: Session, fox: Listing
) -> None:
    clock = [0.0]
    patient = Clerk(1.0, lambda: clock[0])
    patient.tally.add(DAY, ((Step.SHOWN, (fox.id,)),), None)
    session.execute(text("ALTER TABLE count_batches RENAME TO away"))
    session.commit()
    assert not patient.write(services.database)
    patient.tally.add(DAY, ((Step.SHOWN, (fox.id,)),), None)
    session.execute(text("ALTER TABLE away RENAME TO count_batches"))
    session.commit()
    assert patient.write(services.database)  # the first batch
    assert patient.write(services.database)  # the second
    assert session.scalar(select(func.count()).select_from(CountBatch)) == 2
    patient.tally.add(DAY, ((Step.SHOWN, (fox.id,)),), None)
    session.execute(text("ALTER TABLE count_batches RENAME TO away"))
    session.commit()
    assert not patient.write(services.database)
    clock[0] = GIVE_UP_AFTER + 1
    assert not patient.write(services.database)
    session.execute(text("ALTER TABLE away RENAME TO count_batches"))
    session.commit()
    assert patient.write(services.database)
    assert session.scalar(select(func.count()).select_from(CountBatch)) == 2


def test_a_clerk_writes_by_itself_and_a_worker_adds_it(
    services: Services, session: Session, fox: Listing, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = Clerk(seconds=0.02)
    busy.tally.add(DAY, ((Step.SHOWN, (fox.id,)),), None)
    busy.wake(services.database)
    deadline = time.monotonic() + 60
    while folding.waiting(session) == 0:
        assert time.monotonic() < deadline
        session.rollback()
        time.sleep(0.02)
    busy.stop()
    session.rollback()
    monkeypatch.setattr(tasks, "services", lambda: services)
    tasks.sweep_counts()
    tasks.tidy_counts()
    assert folding.waiting(session) == 0
    assert session.scalars(select(ListingDay.shown)).all() == [1]


def test_threads_lose_nothing_and_memory_has_its_limit() -> None:
    tally = Tally(most=3)

    def look() -> None:
        for number in range(200):
            tally.add(DAY, ((Step.OPENED, (f"listing {number % 5}",)),), f"term {number % 5}")

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = tally.take()
    assert made is not None
    assert [row["opened"] for row in made["counts"]] == [160] * 3
    assert [row["clicks"] for row in made["terms"]] == [160] * 3
    assert tally.take() is None
