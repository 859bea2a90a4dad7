"""Webhooks: verified, stored once, acted on once, in any order and never on trust."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import frozen, now
from marketplace.core.ids import new_id
from marketplace.gateways.payments import TransfersStatus
from marketplace.orders.models import Entitlement, LedgerEntry, Order
from marketplace.orders.operations import settle
from marketplace.orders.states import OrderState, TransferState
from marketplace.orders.transfers import transfer_line
from marketplace.stripe_events import operations
from marketplace.stripe_events.models import InboxState, StripeEvent
from marketplace.stripe_events.operations import process_event, sweep_events
from marketplace.task_names import TaskName
from tests.fixtures.app import app_over
from tests.fixtures.buying import CONNECT_SECRET, House, signed
from tests.unit.orders.buying_steps import count, line_of, open_checkout, paid_checkout, reread


@pytest.fixture
def stripe(house: House) -> FlaskClient:
    """Stripe as a client of ours; CSRF protection is on, as it is in earnest."""
    return app_over(house.services, csrf=True).test_client()


def deliver(stripe: FlaskClient, event: dict[str, Any], connect: bool = False) -> int:
    """Send an event as Stripe would; the status of our answer."""
    body, header = signed(event, CONNECT_SECRET) if connect else signed(event)
    path = "/webhooks/stripe-connect" if connect else "/webhooks/stripe"
    return stripe.post(path, data=body, headers={"Stripe-Signature": header}).status_code


def completed(house: House, order: Order) -> dict[str, Any]:
    """The event that says that an order's checkout was paid."""
    (event,) = house.bank.events("checkout.session.completed", str(order.checkout_session_id))
    return event


def inbox(house: House) -> list[StripeEvent]:
    with house.work() as session:
        return list(session.scalars(select(StripeEvent).order_by(StripeEvent.received_at)))


def test_a_webhook_alone_delivers_and_pays(house: House, stripe: FlaskClient) -> None:
    """The buyer closed the tab after paying and before coming back."""
    order = paid_checkout(house)
    assert deliver(stripe, completed(house, order)) == 200
    assert reread(house, order).state is OrderState.AWAITING_PAYMENT  # stored, not acted on
    house.run_jobs()
    assert reread(house, order).state is OrderState.PAID
    assert line_of(house, order).transfer_state is TransferState.DONE
    (event,) = inbox(house)
    assert (event.state, event.attempts) == (InboxState.DONE, 0)


@pytest.mark.parametrize("webhook_first", [True, False])
def test_return_page_and_webhook_in_either_order_end_the_same(
    house: House, stripe: FlaskClient, webhook_first: bool
) -> None:
    order = paid_checkout(house)
    if not webhook_first:
        settle(house.services, order.id)
    deliver(stripe, completed(house, order))
    house.run_jobs()
    settle(house.services, order.id)
    assert reread(house, order).state is OrderState.PAID
    assert (count(house, Entitlement), count(house, LedgerEntry)) == (1, 3)


def test_all_events_of_a_payment_in_reverse_order(house: House, stripe: FlaskClient) -> None:
    order = paid_checkout(house)
    checkout = house.payments.retrieve_checkout(order.checkout_session_id)
    events = [completed(house, order)]
    events += house.bank.events("payment_intent.succeeded", str(checkout.payment_intent_id))
    events += house.bank.events("charge.succeeded", str(checkout.charge_id))
    assert len(events) == 3
    for event in reversed(events):
        deliver(stripe, event)
    house.run_jobs()
    assert {event.state for event in inbox(house)} == {InboxState.DONE}
    assert (count(house, Entitlement), count(house, LedgerEntry)) == (1, 3)


def test_an_event_cannot_lie(house: House, stripe: FlaskClient) -> None:
    """Rightly signed or not, what an event claims is not believed: the checkout is fetched."""
    order = open_checkout(house)
    session_id = str(order.checkout_session_id)
    lie = {
        "id": "evt_lie",
        "object": "event",
        "type": "checkout.session.completed",
        "livemode": False,
        "created": int(time.time()),
        "data": {"object": {"id": session_id, "payment_status": "paid", "status": "complete"}},
    }
    assert deliver(stripe, lie) == 200
    house.run_jobs()
    assert reread(house, order).state is OrderState.AWAITING_PAYMENT
    assert count(house, Entitlement) == 0


def test_an_expired_checkout_expires_its_order(house: House, stripe: FlaskClient) -> None:
    order = open_checkout(house)
    house.bank.expire(str(order.checkout_session_id))
    (event,) = house.bank.events("checkout.session.expired", str(order.checkout_session_id))
    deliver(stripe, event)
    house.run_jobs()
    assert reread(house, order).state is OrderState.EXPIRED


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"object": "event"},
        {"id": "evt_1", "object": "v2.core.event", "type": "v1.thin"},
        {"id": "evt_1", "object": "event", "type": "x", "livemode": True, "data": {"object": {}}},
    ],
)
def test_signed_nonsense_and_the_other_mode_are_refused(
    house: House, stripe: FlaskClient, event: dict[str, Any]
) -> None:
    assert deliver(stripe, event) == 400
    assert inbox(house) == []


def test_a_huge_body_is_refused_before_it_is_read(house: House, stripe: FlaskClient) -> None:
    answer = stripe.post("/webhooks/stripe", data=b"x" * (1024 * 1024 + 1))
    assert answer.status_code == 413
    assert inbox(house) == []


def test_unknown_types_are_kept_and_ignored(house: House, stripe: FlaskClient) -> None:
    event = {
        "id": "evt_new",
        "object": "event",
        "type": "something.invented.later",
        "livemode": False,
        "created": int(time.time()),
        "data": {"object": {"id": "x_1"}},
    }
    assert deliver(stripe, event) == 200
    house.run_jobs()
    (kept,) = inbox(house)
    assert (kept.state, kept.object_id) == (InboxState.IGNORED, "x_1")


def test_other_systems_payments_on_the_same_account_are_ignored(
    house: House, stripe: FlaskClient
) -> None:
    for number, order_id in enumerate([new_id(), "1", None, 7]):
        event = {
            "id": f"evt_{number}",
            "object": "event",
            "type": "payment_intent.succeeded",
            "livemode": False,
            "created": int(time.time()),
            "data": {"object": {"id": f"pi_{number}", "metadata": {"order_id": order_id}}},
        }
        assert deliver(stripe, event) == 200
    house.run_jobs()
    assert [event.state for event in inbox(house)] == [InboxState.IGNORED] * 4


def test_an_event_that_failed_is_tried_again_not_taken_for_a_duplicate(
    house: House, stripe: FlaskClient
) -> None:
    order = paid_checkout(house)
    house.bank.faults({"path": "/v1/checkout/sessions/*", "action": "500", "times": 3})
    deliver(stripe, completed(house, order))
    house.run_jobs()
    (event,) = inbox(house)
    assert (event.state, event.attempts) == (InboxState.FAILED, 1)
    assert event.error == "PaymentUnavailableError"
    house.bank.faults()
    with house.work() as session:
        assert sweep_events(session, house.queue) == 0  # not yet
    with frozen(now() + timedelta(seconds=10)), house.work() as session:
        assert sweep_events(session, house.queue) == 1
        assert sweep_events(session, house.queue) == 0
    house.run_jobs()
    assert inbox(house)[0].state is InboxState.DONE
    assert reread(house, order).state is OrderState.PAID


def test_a_crash_in_the_middle_of_an_event_leaves_it_to_do(
    house: House, stripe: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = paid_checkout(house)
    event = completed(house, order)
    deliver(stripe, event)

    def crash(services: object, stored: object) -> Any:
        def effect(session: Any) -> None:
            session.get_one(Order, order.id).state = OrderState.REVIEW
            session.flush()
            raise KeyboardInterrupt

        return effect

    monkeypatch.setattr(operations, "prepare", crash)
    with pytest.raises(KeyboardInterrupt):
        process_event(house.services, event["id"])
    monkeypatch.undo()
    assert reread(house, order).state is OrderState.AWAITING_PAYMENT
    assert inbox(house)[0].state is InboxState.RECEIVED
    assert process_event(house.services, event["id"]) is InboxState.DONE
    assert reread(house, order).state is OrderState.PAID


def test_after_twelve_tries_an_event_is_given_up(house: House, stripe: FlaskClient) -> None:
    order = paid_checkout(house)
    event = completed(house, order)
    event["data"]["object"]["id"] = "cs_test_gone"
    deliver(stripe, event)
    for _ in range(12):
        process_event(house.services, event["id"])
    (dead,) = inbox(house)
    assert (dead.state, dead.attempts, dead.next_attempt_at) == (InboxState.DEAD, 12, None)
    with frozen(now() + timedelta(days=1)), house.work() as session:
        assert sweep_events(session, house.queue) == 0


def test_no_such_event(house: House) -> None:
    assert process_event(house.services, "evt_none") is None


def test_an_account_that_becomes_active_releases_its_money(
    house: House, stripe: FlaskClient
) -> None:
    order = paid_checkout(house)
    settle(house.services, order.id)
    house.lose_jobs()
    house.bank.set_account(house.account_id, "restricted")
    restricted = house.bank.events("account.updated", house.account_id)[0]
    assert deliver(stripe, restricted, connect=True) == 200
    house.run_jobs()
    assert _status(house) is TransfersStatus.RESTRICTED
    transfer_line(house.services, line_of(house, order).id)
    assert line_of(house, order).transfer_state is TransferState.HELD
    house.bank.set_account(house.account_id, "active")
    active = house.bank.events("account.updated", house.account_id)[0]
    deliver(stripe, active, connect=True)
    house.run_jobs()
    assert _status(house) is TransfersStatus.ACTIVE
    assert line_of(house, order).transfer_state is TransferState.DONE
    assert len(house.bank.transfers(order.id)) == 1


def _status(house: House) -> TransfersStatus:
    with house.work() as session:
        return session.get_one(SellerProfile, house.seller_id).transfers_status


def test_the_inbox_sends_ids_only(house: House, stripe: FlaskClient) -> None:
    order = paid_checkout(house)
    event = completed(house, order)
    deliver(stripe, event)
    assert house.queue.sent == [(TaskName.PROCESS_STRIPE_EVENT.value, (event["id"],))]
