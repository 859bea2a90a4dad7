"""Keeping shares back: the reserve of young sellers, a person's holds, and their ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from marketplace.core.clock import frozen, now
from marketplace.core.database import Database
from marketplace.core.errors import ConflictError, InvalidError
from marketplace.orders.balances import sale_lines, seller_balance
from marketplace.orders.holds import (
    hold_line,
    hold_seller,
    hold_words,
    open_hold,
    release_line,
    release_seller,
)
from marketplace.orders.operations import settle
from marketplace.orders.refunds import refund_order
from marketplace.orders.states import RefundReason, TransferState
from marketplace.orders.sweeps import sweep_holds
from tests.fixtures.trading import Trade, make_trade

HELD, DONE = TransferState.HELD, TransferState.DONE


@pytest.fixture
def careful(buying_database: Database, tmp_path: Path) -> Iterator[Trade]:
    """A marketplace that keeps the shares of a seller's first two sales back for a week."""
    made = make_trade(buying_database, tmp_path, SELLER_RESERVE_DAYS="7", SELLER_YOUNG_SALES="2")
    yield made
    made.bank.close()


def test_a_young_sellers_shares_wait_for_a_week(careful: Trade) -> None:
    seller_id = careful.seller()
    sold = [careful.buy(careful.listing(299, seller_id)) for _ in range(2)]
    line = careful.lines(sold[0])[0]
    assert (line.transfer_state, line.held_code) == (HELD, "reserve")
    paid_at = careful.order(sold[0]).paid_at
    assert paid_at is not None
    assert line.hold_until == paid_at + timedelta(days=7)
    with careful.work() as session:
        balance = seller_balance(session, seller_id)
        assert (balance.earned, balance.held, balance.available) == (478, 478, 0)
        assert {(one.code, one.why) for one in balance.on_hold} == {
            ("reserve", hold_words("reserve"))
        }
        assert sweep_holds(session, careful.queue) == 0
    with frozen(now() + timedelta(days=8)), careful.work() as session:
        assert sweep_holds(session, careful.queue) == 2
    careful.run_jobs()
    assert [careful.lines(order_id)[0].transfer_state for order_id in sold] == [DONE, DONE]
    # Two sales on, the seller is not young any more.
    third = careful.buy(careful.listing(299, seller_id))
    assert careful.lines(third)[0].transfer_state is DONE
    with careful.work() as session:
        assert seller_balance(session, seller_id).available == 3 * 239


def test_what_is_held_can_be_given_back_without_calling_anything_back(careful: Trade) -> None:
    order_id = careful.buy(careful.listing(299))
    with careful.work() as session:
        why = RefundReason.OWNER_DECISION
        refund_order(session, careful.services, order_id, why, "", None)
    careful.run_jobs()
    line = careful.lines(order_id)[0]
    assert (line.transfer_state, line.held_code) == (TransferState.CANCELLED, None)
    assert careful.payments.calls.count("create_transfer") == 0
    assert careful.reconciled() == []


def test_a_person_holds_everything_of_a_seller_and_says_why(trade: Trade) -> None:
    seller_id, actor = trade.seller(), trade.buyer_id
    first = trade.open(trade.listing(299, seller_id))
    trade.pay(first)
    settle(trade.services, first)
    with trade.work() as session, pytest.raises(InvalidError):
        hold_seller(session, seller_id, actor, "  ")
    with trade.work() as session:
        hold_seller(session, seller_id, actor, "many complaints")
    with trade.work() as session, pytest.raises(ConflictError):
        hold_seller(session, seller_id, actor, "again")
    trade.run_jobs()
    second = trade.buy(trade.listing(199, seller_id))
    for order_id in (first, second):
        line = trade.lines(order_id)[0]
        assert (line.transfer_state, line.held_code, line.held_note, line.held_by) == (
            HELD,
            "seller_hold",
            "many complaints",
            actor,
        )
    with trade.work() as session:
        assert open_hold(session, seller_id) is not None
        release_seller(session, trade.queue, seller_id, actor, "all is well")
    trade.run_jobs()
    assert trade.lines(first)[0].transfer_state is DONE
    assert trade.lines(second)[0].held_code is None
    with trade.work() as session:
        assert open_hold(session, seller_id) is None
        sales = sale_lines(session, seller_id)
    assert [sale.price_cents for sale in sales] == [199, 299]
    assert {sale.country for sale in sales} == {"US"}


def test_one_share_is_held_until_a_day_and_released_by_the_sweep(trade: Trade) -> None:
    order_id = trade.open(trade.listing(299))
    trade.pay(order_id)
    settle(trade.services, order_id)
    line_id = trade.lines(order_id)[0].id
    with trade.work() as session:
        hold_line(session, line_id, trade.buyer_id, "odd", now() + timedelta(days=3))
    trade.run_jobs()
    assert trade.lines(order_id)[0].transfer_state is HELD
    with frozen(now() + timedelta(days=4)), trade.work() as session:
        assert sweep_holds(session, trade.queue) == 1
    trade.run_jobs()
    assert trade.lines(order_id)[0].transfer_state is DONE
    with trade.work() as session, pytest.raises(ConflictError):
        hold_line(session, line_id, trade.buyer_id, "too late")
    with trade.work() as session, pytest.raises(ConflictError):
        release_line(session, trade.queue, line_id, trade.buyer_id, "nothing there")


def test_a_hold_survives_the_account_becoming_ready(trade: Trade) -> None:
    order_id = trade.open(trade.listing(299))
    trade.pay(order_id)
    settle(trade.services, order_id)
    line = trade.lines(order_id)[0]
    with trade.work() as session:
        hold_line(session, line.id, trade.buyer_id, "odd")
    trade.set_account(line.seller_id, "restricted")
    trade.set_account(line.seller_id, "active")
    trade.deliver()
    assert trade.lines(order_id)[0].held_code == "by_hand"
    with trade.work() as session:
        release_line(session, trade.queue, line.id, trade.buyer_id, "looked at")
    trade.run_jobs()
    assert trade.lines(order_id)[0].transfer_state is DONE
