"""The desk over real books: one order's story, a dispute answered, and a comparison with Stripe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.core.clock import now
from marketplace.core.permissions import Role
from marketplace.orders.desk.commands import money, reconcile_command
from marketplace.orders.desk.models import Act, DeskAct
from marketplace.orders.dispute_models import Dispute
from marketplace.orders.disputes import sync_dispute
from marketplace.orders.models import LedgerEntry, Order
from marketplace.orders.operations import settle
from tests.factories.accounts import make_user
from tests.factories.orders import SECRET_PROMPT
from tests.fixtures.app import log_in
from tests.fixtures.buying import House
from tests.unit.orders.buying_steps import line_of, open_checkout, paid_checkout

DISPUTED_CARD = "4000000000000259"
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


@pytest.fixture
def site(_made_once: Flask, house: House) -> Iterator[Flask]:
    """The web application over this house."""
    _made_once.extensions["bracket"] = house.services
    _made_once.config.update(WTF_CSRF_ENABLED=False)
    return _made_once


@pytest.fixture
def owner(site: Flask, house: House) -> FlaskClient:
    with house.work() as session:
        return log_in(site.test_client(), make_user(session, Role.ADMIN, name="Ada"))


def sold(house: House) -> Order:
    order = paid_checkout(house)
    settle(house.services, order.id)
    house.run_jobs()
    return order


def acts(house: House) -> list[Act]:
    with house.work() as session:
        return [act.act for act in session.scalars(select(DeskAct).order_by(DeskAct.at))]


def test_one_orders_whole_story(house: House, owner: FlaskClient) -> None:
    order = sold(house)
    line = line_of(house, order)
    address = f"/desk/orders/{order.id}/refund"
    form = {"reason": "owner_decision", "note": "promised by phone", f"line-{line.id}": "y"}
    page = owner.post(address, data={**form, f"amount-{line.id}": "1.00"}).text
    assert "$0.79 will be called back" in page  # 239 * 100 // 299, from what was sent
    owner.post(address, data={**dict(HIDDEN.findall(page)), "confirm": "y"})
    house.run_jobs()
    story = owner.get(f"/desk/orders/{order.id}").text
    with house.work() as session:
        entries = session.scalars(select(LedgerEntry)).all()
        assert len(entries) == 5  # charge, fee, transfer, refund, reversal
        for entry in entries:
            assert entry.external_id in story
        found = session.get_one(Order, order.id)
        for one in (found.charge_id, found.payment_intent_id, found.checkout_session_id):
            assert str(one) in story
    assert "5 entries; all postings together come to $0.00" in story
    assert "Does not add up" not in story
    for code in ("awaiting_payment", "not_due", "refund_asked", "right_granted"):
        assert code not in story, "states and codes are for machines"
    assert "Partly refunded" in story
    assert "promised by phone" in story
    assert "Ada" in story
    assert SECRET_PROMPT not in story
    for found_id in (entries[0].external_id.partition(":")[2], order.id):
        assert order.id in owner.get(f"/desk/orders?q={found_id}").text


def disputed(house: House) -> Dispute:
    order = open_checkout(house)
    house.bank.pay(str(order.checkout_url), DISPUTED_CARD)
    settle(house.services, order.id)
    house.run_jobs()
    [stripe_id] = [
        one["id"] for one in house.bank._state()["disputes"] if one["metadata"] is not None
        and one["charge"] == _charge(house, order)
    ]  # fmt: skip
    found = sync_dispute(house.services, stripe_id)
    house.run_jobs()
    assert found is not None
    return found


def _charge(house: House, order: Order) -> str:
    with house.work() as session:
        return str(session.get_one(Order, order.id).charge_id)


def test_a_dispute_is_answered(house: House, owner: FlaskClient) -> None:
    dispute = disputed(house)
    address = f"/desk/disputes/{dispute.id}"
    page = owner.get(address).text
    assert "$2.39" in page  # the seller's part
    form = {"uncategorized_text": "They opened it twice.", "send": "y"}
    owner.post(f"{address}/evidence", data=form)
    seen = dict(HIDDEN.findall(owner.get(f"{address}/send").text))
    owner.post(f"{address}/send", data=seen)
    page = owner.get(address).text
    assert "The bank has our evidence" in page
    assert "They opened it twice." in page
    with house.work() as session:
        found = session.get_one(Dispute, dispute.id)
        assert found.submitted_at is not None
        assert found.status == "under_review"
    assert acts(house) == [Act.SAVE_EVIDENCE, Act.SUBMIT_EVIDENCE]
    assert owner.post(f"{address}/send", data=seen).status_code == 409


def test_a_dispute_is_given_up(house: House, owner: FlaskClient) -> None:
    dispute = disputed(house)
    address = f"/desk/disputes/{dispute.id}"
    done = owner.post(f"{address}/accept", data={"reason": "she is right", "sure": "y"})
    assert done.location == address
    with house.work() as session:
        found = session.get_one(Dispute, dispute.id)
        assert (found.status, found.accepted_at is not None) == ("lost", True)
    assert acts(house) == [Act.ACCEPT_DISPUTE]


def test_the_books_are_compared_and_read_from_the_command_line(
    house: House, site: Flask, owner: FlaskClient
) -> None:
    sold(house)
    run = site.test_cli_runner().invoke
    day = now().strftime("%Y-%m-%d")
    balanced = run(money, ["trial-balance"])
    assert balanced.exit_code == 0
    assert "Debit $0.60, credit $0.60" in balanced.output
    export = run(money, ["export", "--from", day, "--to", day])
    assert export.exit_code == 0, export.output
    assert export.stdout.count("\n") == 1 + 7
    late = run(money, ["export", "--from", day, "--to", "2000-01-01"])
    assert "lies before the first" in late.output
    # Other tests of this process have moved money in the same emulator: that must be named.
    compared = run(reconcile_command, ["--day", day])
    assert "Unexplained    $0.00" in compared.output, compared.output
    future = (now() + timedelta(days=2)).strftime("%Y-%m-%d")
    assert run(reconcile_command, ["--day", future]).exit_code == 1
    answer = owner.post("/desk/books", data={"day": day})
    page = owner.get(answer.location).text
    assert "Unexplained" in page
    assert acts(house) == [Act.EXPORT, Act.RECONCILE, Act.RECONCILE]
