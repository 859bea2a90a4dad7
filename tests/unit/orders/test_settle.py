"""Settling: whoever comes first, twice or never, and whatever breaks in between."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from marketplace.accounts.models import OutgoingMail
from marketplace.core.errors import NotFoundError
from marketplace.core.ids import new_id
from marketplace.core.money import Money
from marketplace.gateways.payments import PaymentUnavailableError
from marketplace.orders import ledger
from marketplace.orders.models import Entitlement, LedgerEntry, Order
from marketplace.orders.operations import record_checkout, settle
from marketplace.orders.queries import has_order_in_review, order_events, owns
from marketplace.orders.refund_models import Refund
from marketplace.orders.states import OrderState, TransferState
from marketplace.task_names import TaskName
from tests.factories.orders import SECRET_PROMPT
from tests.fixtures.buying import House
from tests.unit.orders.buying_steps import count, line_of, open_checkout, paid_checkout, reread


def books(house: House) -> dict[str, int]:
    with house.work() as session:
        return ledger.balances(session)


def test_a_payment_becomes_an_item_a_due_transfer_and_balanced_books(house: House) -> None:
    order = paid_checkout(house)
    assert settle(house.services, order.id) is OrderState.PAID
    order = reread(house, order)
    assert order.stripe_fee_cents == 39
    assert order.charge_id is not None
    assert line_of(house, order).transfer_state is TransferState.PENDING
    assert books(house) == {
        "stripe_balance": 299 - 39,
        "stripe_fees": 39,
        "commission": -60,
        f"seller_payable:{house.seller_id}": -239,
    }
    with house.work() as session:
        assert owns(session, house.buyer_id, house.listing_id)
        states = [(e.action, e.to_state) for e in order_events(session, order.id)]
    assert states == [
        ("open_checkout", "awaiting_payment"),
        ("pay", "paid"),
        ("become_due", "pending"),
    ]


def test_settling_again_and_again_changes_nothing(house: House) -> None:
    order = paid_checkout(house)
    for _ in range(4):
        assert settle(house.services, order.id) is OrderState.PAID
    assert (count(house, Entitlement), count(house, LedgerEntry)) == (1, 2)
    sent = [name for name, _ in house.queue.sent]
    assert sent.count(TaskName.TRANSFER_LINE) == 1
    assert count(house, OutgoingMail) == 1


def test_settling_in_six_threads_at_once_settles_once(house: House) -> None:
    order = paid_checkout(house)
    gate, states = threading.Barrier(6), []

    def run() -> None:
        gate.wait()
        states.append(settle(house.services, order.id))

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states == [OrderState.PAID] * 6
    assert (count(house, Entitlement), count(house, LedgerEntry)) == (1, 2)
    with house.work() as session:
        assert [e.action for e in order_events(session, order.id)].count("pay") == 1


def test_an_open_or_declined_checkout_stays_open(house: House) -> None:
    order = open_checkout(house)
    assert settle(house.services, order.id) is OrderState.AWAITING_PAYMENT
    assert house.bank.pay(str(order.checkout_url), card="4000000000000002").status_code == 402
    assert settle(house.services, order.id) is OrderState.AWAITING_PAYMENT
    house.bank.pay(str(order.checkout_url))
    assert settle(house.services, order.id) is OrderState.PAID
    assert count(house, Entitlement) == 1


def test_an_expired_checkout_expires_the_order(house: House) -> None:
    order = open_checkout(house)
    house.bank.expire(str(order.checkout_session_id))
    assert settle(house.services, order.id) is OrderState.EXPIRED
    assert settle(house.services, order.id) is OrderState.EXPIRED
    assert (count(house, Entitlement), count(house, LedgerEntry)) == (0, 0)


def test_an_old_answer_cannot_undo_a_payment(house: House) -> None:
    order = open_checkout(house)
    stale = house.payments.retrieve_checkout(order.checkout_session_id)
    house.bank.pay(str(order.checkout_url))
    settle(house.services, order.id)
    for answer in (stale, replace(stale, status="expired")):
        with house.work() as session:
            record_checkout(session, house.services, order.id, answer)
    assert reread(house, order).state is OrderState.PAID


def test_no_answer_leaves_everything_as_it_was(house: House) -> None:
    order = paid_checkout(house)
    house.bank.faults({"path": "/v1/checkout/sessions/*", "action": "500", "times": 3})
    with pytest.raises(PaymentUnavailableError):
        settle(house.services, order.id)
    assert reread(house, order).state is OrderState.AWAITING_PAYMENT
    house.bank.faults()
    assert settle(house.services, order.id) is OrderState.PAID


def test_no_such_order(house: House) -> None:
    with pytest.raises(NotFoundError):
        settle(house.services, new_id())


@pytest.mark.parametrize(
    ("tampering", "reason", "booked"),
    [
        ({"amount": Money(1)}, "$0.01 were paid", 1),
        ({"amount": Money(29900)}, "$299.00 were paid", 29900),
        ({"amount": Money(299, "jpy")}, "another currency", None),
        ({"order_id": "0000000000000"}, "another order", None),
        ({"order_id": None}, "another order", None),
        ({"livemode": True}, "other mode", None),
    ],
)
def test_what_does_not_match_goes_to_review_and_delivers_nothing(
    house: House, tampering: dict[str, Any], reason: str, booked: int | None
) -> None:
    order = paid_checkout(house)
    house.payments.after["retrieve_checkout"] = lambda result: replace(result, **tampering)
    assert settle(house.services, order.id) is OrderState.REVIEW
    order = reread(house, order)
    assert reason in str(order.review_reason)
    assert line_of(house, order).transfer_state is TransferState.NOT_DUE
    assert (count(house, Entitlement), count(house, OutgoingMail)) == (0, 0)
    # Money that is ours to hold is in the books, on an account of its own.
    assert books(house).get(f"in_review:{order.id}") == (None if booked is None else -booked)
    assert sum(books(house).values()) == 0
    # A later, honest answer does not release it: a person decides.
    assert settle(house.services, order.id) is OrderState.REVIEW
    with house.work() as session:
        assert has_order_in_review(session, house.buyer_id, house.listing_id)


def test_money_for_an_expired_order_is_looked_at(house: House) -> None:
    order = paid_checkout(house)
    expired = replace(
        house.payments.retrieve_checkout(order.checkout_session_id), paid=False, status="expired"
    )
    with house.work() as session:
        record_checkout(session, house.services, order.id, expired)
    assert settle(house.services, order.id) is OrderState.REVIEW
    assert reread(house, order).review_reason == "paid after it had expired"
    assert count(house, Entitlement) == 0
    assert books(house)[f"in_review:{order.id}"] == -299


def second_order(house: House, order: Order) -> Order:
    """Another paid checkout of the same buyer and listing, as no path of ours should make one."""
    with house.work() as session:
        session.get_one(Order, order.id).state = OrderState.EXPIRED
    other = paid_checkout(house)
    with house.work() as session:
        session.get_one(Order, order.id).state = OrderState.AWAITING_PAYMENT
    return other


def test_two_paid_orders_settled_at_the_same_moment(house: House) -> None:
    first = paid_checkout(house)
    second = second_order(house, first)
    gate, states = threading.Barrier(2), []

    def run(order_id: str) -> None:
        gate.wait()
        states.append(settle(house.services, order_id))

    threads = [threading.Thread(target=run, args=(order.id,)) for order in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states == [OrderState.PAID, OrderState.PAID]
    assert count(house, Entitlement) == 1
    assert count(house, Refund) == 1
    assert sum(books(house).values()) == 0


def test_a_draft_that_was_paid_all_the_same_is_adopted(house: House) -> None:
    """The crash lay between Stripe's answer and our record of it; then a webhook arrives."""
    order = paid_checkout(house)
    checkout = house.payments.retrieve_checkout(order.checkout_session_id)
    with house.work() as session:
        row = session.get_one(Order, order.id)
        row.state, row.checkout_session_id, row.checkout_url = OrderState.DRAFT, None, None
    with house.work() as session:
        record_checkout(session, house.services, order.id, checkout)
    order = reread(house, order)
    assert (order.state, order.checkout_session_id) == (OrderState.PAID, checkout.session_id)


def test_a_fee_that_comes_late_is_booked_once(house: House) -> None:
    order = paid_checkout(house)
    house.payments.after["retrieve_checkout"] = lambda result: replace(
        result, fee=None, balance_transaction_id=None
    )
    settle(house.services, order.id)
    assert reread(house, order).stripe_fee_cents is None
    assert "stripe_fees" not in books(house)
    for _ in range(2):
        settle(house.services, order.id)
    assert reread(house, order).stripe_fee_cents == 39
    assert books(house)["stripe_fees"] == 39


def test_the_mail_names_title_and_sum_and_not_one_word_of_the_prompt(house: House) -> None:
    order = paid_checkout(house)
    settle(house.services, order.id)
    with house.work() as session:
        mail = session.scalars(select(OutgoingMail)).one()
    assert "Paper fox: $2.99" in mail.body_text
    assert f"{house.services.settings.public_url}/library" in mail.body_text
    for word in ("velvet", "paper-cut", SECRET_PROMPT):
        assert word not in mail.body_text + mail.subject
