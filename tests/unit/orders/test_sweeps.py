"""Orders nobody told us about are found from their rows."""

from __future__ import annotations

import itertools
from datetime import timedelta

from marketplace.core.clock import frozen, now
from marketplace.orders.operations import settle
from marketplace.orders.states import OrderState, TransferState
from marketplace.orders.sweeps import sweep_orders
from marketplace.task_names import TaskName
from tests.fixtures.buying import House
from tests.unit.orders.buying_steps import line_of, open_checkout, paid_checkout, reread


def sweep(house: House, minutes: float) -> int:
    """What a sweep so many minutes from now finds."""
    with frozen(now() + timedelta(minutes=minutes)), house.work() as session:
        return sweep_orders(session, house.queue)


def test_a_buyer_who_closed_the_tab_without_a_webhook_gets_the_prompt(house: House) -> None:
    order = paid_checkout(house)
    assert sweep(house, 3) == 1
    house.run_jobs()
    assert reread(house, order).state is OrderState.PAID
    assert line_of(house, order).transfer_state is TransferState.DONE


def test_open_checkouts_are_polled_with_growing_gaps(house: House) -> None:
    order = open_checkout(house)
    polled = [minute for minute in range(1, 36) if sweep(house, minute)]
    gaps = [later - earlier for earlier, later in itertools.pairwise(polled)]
    assert polled[0] in {2, 3}
    assert gaps == sorted(gaps)
    assert len(polled) < 12
    assert {args for _, args in house.queue.sent} == {(order.id,)}


def test_a_checkout_is_asked_about_right_after_its_end(house: House) -> None:
    order = open_checkout(house)
    assert sweep(house, 39) == 1
    assert sweep(house, 39.5) == 0
    assert sweep(house, 41) == 1
    house.bank.expire(str(order.checkout_session_id))
    house.run_jobs()
    assert reread(house, order).state is OrderState.EXPIRED
    assert sweep(house, 300) == 0


def test_finished_orders_are_left_alone_unless_their_fee_is_missing(house: House) -> None:
    order = paid_checkout(house)
    settle(house.services, order.id)
    assert sweep(house, 60) == 0
    with house.work() as session:
        session.merge(reread(house, order)).stripe_fee_cents = None
    assert sweep(house, 60) == 1
    house.queue.sent[:] = [job for job in house.queue.sent if job[0] == TaskName.SETTLE_ORDER]
    house.run_jobs()
    assert reread(house, order).stripe_fee_cents == 39
