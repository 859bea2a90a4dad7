"""The tasks of money back, called as Celery calls them: silence is no error, a sweep comes back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from marketplace.core.clock import frozen, now
from marketplace.gateways.payments import PaymentUnavailableError
from marketplace.orders.refunds import refund_order
from marketplace.orders.states import OrderState, RefundReason
from marketplace.task_names import TaskName
from tests.fixtures.trading import Trade
from workers.app import app
from workers.tasks import payments


@pytest.fixture(autouse=True)
def _trade_services(trade: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payments, "services", lambda: trade.services)


def run_tasks(trade: Trade, start: int = 0) -> int:
    """Run what was sent since, by its registered name; returns where to go on."""
    sent = trade.queue.sent
    while start < len(sent):
        name, args = sent[start]
        start += 1
        if name != TaskName.SEND_MAIL:
            app.tasks[name](*args)
    return start


def test_a_forgotten_refund_is_brought_to_its_end_by_the_sweep(trade: Trade) -> None:
    order_id = trade.buy(trade.listing(299))
    with trade.work() as session:
        why = RefundReason.OWNER_DECISION
        refund_order(session, trade.services, order_id, why, "", None)

    def silence(*_: Any) -> None:
        raise PaymentUnavailableError("silence")

    done = len(trade.queue.sent) - 1
    for call in ("create_refund", "create_reversal"):
        trade.payments.before[call] = silence
    done = run_tasks(trade, done)
    assert trade.order(order_id).state is OrderState.PAID
    for minutes in (3, 6, 9):
        with frozen(now() + timedelta(minutes=minutes)):
            app.tasks[TaskName.SWEEP_PAYMENTS]()
            done = run_tasks(trade, done)
    assert trade.order(order_id).state is OrderState.REFUNDED
    assert trade.books() == {"stripe_fees": 39, "stripe_balance": -39}
    app.tasks[TaskName.RECONCILE](now().date().isoformat())
    assert trade.reconciled() == []


def test_what_was_not_delivered_is_fetched_and_a_dispute_followed(trade: Trade) -> None:
    order_id = trade.open(trade.listing(299))
    trade.pay(order_id, "pm_card_createDispute")
    for hook in trade.bank.webhooks(early=True):
        hook.answer(None)
    app.tasks[TaskName.FETCH_EVENTS]()
    run_tasks(trade)
    assert trade.order(order_id).state is OrderState.DISPUTED
    done = len(trade.queue.sent)
    app.tasks[TaskName.SWEEP_PAYMENTS]()
    names = [name for name, _ in trade.queue.sent[done:]]
    assert TaskName.SYNC_DISPUTE.value in names
    run_tasks(trade, done)
    assert trade.reconciled() == []
