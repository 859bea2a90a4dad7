"""The tasks of money, called as Celery calls them: by name, with ids, any number of times."""

from __future__ import annotations

from datetime import timedelta

import pytest

from marketplace.core.clock import frozen, now
from marketplace.core.ids import new_id
from marketplace.orders.states import OrderState, TransferState
from marketplace.task_names import TaskName
from tests.fixtures.buying import House
from tests.unit.orders.buying_steps import line_of, open_checkout, paid_checkout, reread
from workers.app import app
from workers.tasks import payments


@pytest.fixture(autouse=True)
def _house_services(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payments, "services", lambda: house.services)


def run_tasks(house: House, start: int = 0) -> int:
    """Run what was sent since, by its registered name; returns where to go on."""
    sent = house.queue.sent
    while start < len(sent):
        name, args = sent[start]
        start += 1
        if name != TaskName.SEND_MAIL:
            app.tasks[name](*args)
    return start


def test_one_sweep_brings_a_forgotten_payment_to_its_end(house: House) -> None:
    order = paid_checkout(house)
    with frozen(now() + timedelta(minutes=3)):
        app.tasks[TaskName.SWEEP_PAYMENTS]()
    run_tasks(house)
    assert reread(house, order).state is OrderState.PAID
    assert line_of(house, order).transfer_state is TransferState.DONE


def test_silence_is_no_error_of_the_tasks(house: House) -> None:
    order = paid_checkout(house)
    house.bank.faults({"path": "/v1/*", "action": "500"})
    app.tasks[TaskName.SETTLE_ORDER](order.id)
    assert reread(house, order).state is OrderState.AWAITING_PAYMENT
    house.bank.faults()
    app.tasks[TaskName.SETTLE_ORDER](order.id)
    house.bank.faults({"path": "/v1/*", "action": "500"})
    app.tasks[TaskName.TRANSFER_LINE](line_of(house, order).id)
    assert line_of(house, order).transfer_state is TransferState.PENDING
    house.bank.faults()
    app.tasks[TaskName.TRANSFER_LINE](line_of(house, order).id)
    assert line_of(house, order).transfer_state is TransferState.DONE


def test_an_unknown_event_and_an_open_order_change_nothing(house: House) -> None:
    order = open_checkout(house)
    app.tasks[TaskName.PROCESS_STRIPE_EVENT](f"evt_{new_id()}")
    app.tasks[TaskName.SETTLE_ORDER](order.id)
    assert reread(house, order).state is OrderState.AWAITING_PAYMENT
