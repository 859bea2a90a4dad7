"""Killed programs, lost memories, and webhooks that come twice, late or never: nothing twice."""

from __future__ import annotations

import io
import os
import signal
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.factories.listings import picture_bytes
from tests.fixtures.stack import RunningStack, eventually
from tests.journeys.books import assert_bought_once, order_of
from tests.journeys.conftest import BUYERS, Darkroom, Shop
from tests.journeys.offers import KILLED_WORKER, LOST_BROKER, Account
from tests.journeys.visitor import Visitor

pytestmark = [pytest.mark.model, pytest.mark.timeout(480)]

TWICE, LATE, NEVER, BEFORE, TABS, DATABASE, BROKER, *_ = BUYERS
MakeVisitor = Callable[[Account | None], Visitor]


@pytest.fixture(autouse=True)
def no_faults_afterwards(stack: RunningStack) -> Iterator[None]:
    """The emulator behaves again when a test is over."""
    yield
    stack.faults()


# -- the worker


def test_a_run_survives_its_worker(seller: Visitor, darkroom: Darkroom, shop: Shop) -> None:
    stack = shop.stack
    listing_id = seller.offer(KILLED_WORKER, darkroom(KILLED_WORKER))

    def first_sample_done() -> bool:
        return stack.sql(*_runs(listing_id))[0]["samples_done"] >= 1

    eventually(lambda: stack.sql(*_runs(listing_id)), "a run")
    eventually(first_sample_done, "the first sample")
    stack.kill("engine")
    [run] = stack.sql(*_runs(listing_id))
    assert run["state"] == "running", "the worker was killed too late: nothing was proved"
    before = stack.sql("SELECT id, sample_id FROM sample_checks WHERE run_id = %s", run["id"])

    seller.wait_for_review(listing_id, 180)
    [run] = stack.sql(*_runs(listing_id))
    assert (run["state"], run["verdict"]) == ("completed", "reproduced")
    assert run["attempts"] == 2
    after = stack.sql("SELECT id, sample_id FROM sample_checks WHERE run_id = %s", run["id"])
    assert len({check["sample_id"] for check in after}) == len(after)
    # Each sample was looked at; one that was only screened has no picture to show.
    assert len({step["sample_id"] for step in run["decision"]["path"]}) == 3
    assert {check["id"] for check in before} < {check["id"] for check in after}
    events = stack.sql(
        "SELECT action FROM verification_run_events WHERE run_id = %s ORDER BY at", run["id"]
    )
    actions = [event["action"] for event in events]
    assert actions == ["request", "claim", "release", "claim", "complete"]


def test_a_table_of_listings_survives_its_workers(seller: Visitor, shop: Shop) -> None:
    stack, rows = shop.stack, 30
    sent = seller.post("/sell/bulk", files=_table_of(rows))
    upload_id = sent.url.rpartition("/")[2]

    def done() -> list[dict[str, Any]]:
        return stack.sql(*_lines(upload_id, "state <> 'waiting'"))

    eventually(lambda: len(done()) >= 2, "the first rows", 60)
    stack.kill("worker", pool=True)
    before = done()
    assert len(before) < rows, "the workers were killed too late: nothing was proved"

    eventually(lambda: "became drafts" in seller.get(sent.url).text, "the last row", 180)
    after = done()
    assert [line["state"] for line in after] == ["ready"] * rows
    assert before == after[: len(before)]
    made = stack.sql("SELECT id FROM listings WHERE title LIKE 'Paper fox of a table %%'")
    assert {one["id"] for one in made} == {line["listing_id"] for line in after}
    assert len(made) == rows


def _table_of(rows: int) -> dict[str, Any]:
    """A table and its archive, as a form sends them."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in (1, 2, 3):
            archive.writestr(f"{number}.png", picture_bytes(number, size=512))
    table = "title,description,category,target_model,prompt,price,sample_1,sample_2,sample_3\r\n"
    for number in range(rows):
        table += (
            f"Paper fox of a table {number},A fox cut from layered paper.,Wallpapers,house-fast,"
            f"layered paper [subject=fox] number {number} of a table,2.99,"
            "1.png; seed=1,2.png; seed=2,3.png; seed=3\r\n"
        )
    return {
        "table": ("table.csv", table.encode(), "text/csv"),
        "pictures": ("pictures.zip", packed.getvalue(), "application/zip"),
    }


def _lines(upload_id: str, which: str) -> tuple[str, str]:
    lines = f"SELECT number, state, listing_id FROM bulk_lines WHERE upload_id = %s AND {which}"
    return f"{lines} ORDER BY number", upload_id


# -- the broker


def test_a_broker_that_lost_everything(seller: Visitor, darkroom: Darkroom, shop: Shop) -> None:
    stack = shop.stack
    pictures = darkroom(LOST_BROKER)
    # A worker that stands still cannot start the run, so that it exists in the broker alone.
    os.kill(stack.pid("engine"), signal.SIGSTOP)
    listing_id = seller.offer(LOST_BROKER, pictures)
    stack.lose_broker()
    # The message may be on its way in the worker's socket: that has to go too.
    stack.kill("engine")
    assert stack.sql(*_runs(listing_id)) == [], "a run was started before the loss"

    seller.wait_for_review(listing_id, 180)
    [run] = stack.sql(*_runs(listing_id))
    assert (run["state"], run["verdict"]) == ("completed", "reproduced")
    stack.wait_until_ready()


def test_buying_while_the_broker_forgets(shop: Shop, visitor: MakeVisitor) -> None:
    stack, buyer = shop.stack, visitor(BROKER)
    back = buyer.pay(buyer.start_checkout(shop.listing_id))
    stack.lose_broker()
    assert "yours" in buyer.get(back).text
    assert_bought_once(stack, BROKER.email, shop.listing_id)


# -- the database


def test_the_site_without_its_database(shop: Shop, visitor: MakeVisitor) -> None:
    stack, buyer = shop.stack, visitor(DATABASE)
    hosted = buyer.start_checkout(shop.listing_id)
    page = _page_while_the_database_is_away(stack, buyer)
    assert "Not available right now" in page
    assert "try again in a moment" in page

    stack.wait_until_ready()
    assert shop.title in stack.get("/browse").text
    buyer.get(buyer.pay(hosted))
    assert buyer.owns(shop.title)
    assert_bought_once(stack, DATABASE.email, shop.listing_id)


def _page_while_the_database_is_away(stack: RunningStack, buyer: Visitor) -> str:
    """What somebody who is logged in sees. The supervisor is quick, so it may take some tries."""
    for _ in range(5):  # it waits twice as long before each next restart
        os.kill(stack.pid("postgres"), signal.SIGKILL)
        for _ in range(200):
            answers = [
                client.get(f"{stack.site}/browse", timeout=30) for client in (buyer.http, requests)
            ]
            statuses = [answer.status_code for answer in answers]
            assert set(statuses) <= {200, 503}, f"/browse answered {statuses}"
            if statuses == [503, 503]:
                return str(answers[0].text)
            if stack.get("/readyz").status_code == 200:
                break
        stack.wait_until_ready()
    raise AssertionError("five kills, and nobody noticed: the test is too slow to prove anything")


# -- webhooks and tabs


def test_every_webhook_comes_twice(shop: Shop, visitor: MakeVisitor) -> None:
    stack, buyer = shop.stack, visitor(TWICE)
    stack.faults(webhooks=[{"type": "*", "action": "duplicate"}])
    back = buyer.pay(buyer.start_checkout(shop.listing_id))
    assert "yours" in buyer.get(back).text
    order_id = order_of(stack, TWICE.email, shop.listing_id)
    eventually(lambda: _completed_events(stack, order_id), "the webhook")
    assert_bought_once(stack, TWICE.email, shop.listing_id)
    eventually(lambda: len(_deliveries(stack, order_id)) >= 2, "the second delivery")
    assert_bought_once(stack, TWICE.email, shop.listing_id)


def test_the_webhook_comes_after_the_return_page(shop: Shop, visitor: MakeVisitor) -> None:
    stack, buyer = shop.stack, visitor(LATE)
    stack.faults(webhooks=[{"type": "*", "action": "hold"}])
    back = buyer.pay(buyer.start_checkout(shop.listing_id))
    assert "yours" in buyer.get(back).text, "the return page did not settle by itself"
    order_id = order_of(stack, LATE.email, shop.listing_id)
    assert _completed_events(stack, order_id) == []
    stack.faults()
    stack.control("release")
    eventually(lambda: _completed_events(stack, order_id), "the late webhook")
    assert_bought_once(stack, LATE.email, shop.listing_id)


def test_the_tab_is_closed_and_no_webhook_ever_comes(shop: Shop, visitor: MakeVisitor) -> None:
    stack, buyer = shop.stack, visitor(NEVER)
    stack.faults(webhooks=[{"type": "*", "action": "drop"}])
    buyer.pay(buyer.start_checkout(shop.listing_id))
    assert not buyer.owns(shop.title)
    order_id = order_of(stack, NEVER.email, shop.listing_id)
    # The poller asks about orders older than two minutes: let them have passed.
    aged = "UPDATE orders SET created_at = created_at - interval '3 minutes' WHERE id = %s"
    stack.sql(aged, order_id)
    buyer.wait_until_owned(shop.title)
    assert _completed_events(stack, order_id) == []
    assert_bought_once(stack, NEVER.email, shop.listing_id)


def test_the_webhook_comes_first_and_the_tab_is_closed(shop: Shop, visitor: MakeVisitor) -> None:
    stack, buyer = shop.stack, visitor(BEFORE)
    back = buyer.pay(buyer.start_checkout(shop.listing_id))
    buyer.wait_until_owned(shop.title)
    # Somebody finds the tab again a day later.
    assert "yours" in buyer.get(back).text
    assert_bought_once(stack, BEFORE.email, shop.listing_id)


def test_paying_in_two_tabs(shop: Shop, visitor: MakeVisitor) -> None:
    stack, buyer = shop.stack, visitor(TABS)
    first = buyer.start_checkout(shop.listing_id)
    second = buyer.start_checkout(shop.listing_id)
    assert first == second
    back = buyer.pay(first)
    paid_page = buyer.http.post(second, data={"pay": "google_pay"}, timeout=30)
    assert paid_page.status_code == 200
    assert "yours" in buyer.get(back).text
    assert "/library/" in buyer.start_checkout(shop.listing_id)
    assert_bought_once(stack, TABS.email, shop.listing_id)


def _runs(listing_id: str) -> tuple[str, str]:
    query = (
        "SELECT r.* FROM verification_runs r JOIN listing_versions v ON v.id = r.version_id "
        "WHERE v.listing_id = %s"
    )
    return query, listing_id


def _events_about(stack: RunningStack, order_id: str) -> list[dict[str, Any]]:
    events = stack.stripe_state()["events"]
    return [
        e for e in events if e["data"]["object"].get("metadata", {}).get("order_id") == order_id
    ]


def _deliveries(stack: RunningStack, order_id: str) -> list[dict[str, Any]]:
    """What the emulator sent about the order's paid checkout."""
    return [
        delivery
        for event in _events_about(stack, order_id)
        for delivery in event["deliveries"]
        if event["type"] == "checkout.session.completed"
    ]


def _completed_events(stack: RunningStack, order_id: str) -> list[dict[str, Any]]:
    """The finished inbox rows of the order's paid checkout."""
    return stack.sql(
        "SELECT e.id FROM stripe_events e JOIN orders o ON o.checkout_session_id = e.object_id "
        "WHERE o.id = %s AND e.type = 'checkout.session.completed' AND e.state = 'done'",
        order_id,
    )
