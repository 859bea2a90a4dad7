"""Failure matrix: transfers through crashes, refusals, closed accounts and misused keys."""

from __future__ import annotations

from datetime import timedelta

import pytest

from local.stripe import accounts
from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import frozen, now
from marketplace.core.errors import ConflictError
from marketplace.core.money import Money
from marketplace.discovery.queries import latest
from marketplace.gateways.payments import PaymentError, PaymentUnavailableError, TransfersStatus
from marketplace.orders.checkout import start_checkout
from marketplace.orders.holds import release_line
from marketplace.orders.models import OrderLine
from marketplace.orders.operations import settle
from marketplace.orders.states import TransferState
from marketplace.orders.sweeps import sweep_held, sweep_stuck, sweep_transfers
from marketplace.orders.transfers import transfer_line
from tests.factories.orders import make_buyer
from tests.fixtures.trading import Trade
from tests.unit.orders.failure_matrix.steps import (
    alerts,
    break_calls,
    paid,
    sweep,
    transfers_at_bank,
)

DONE, HELD, PENDING = TransferState.DONE, TransferState.HELD, TransferState.PENDING


def sold(trade: Trade) -> str:
    """A settled order whose transfer is due; its message was lost. Returns the line's id."""
    order_id = paid(trade)
    settle(trade.services, order_id)
    trade.lose_jobs()
    return trade.lines(order_id)[0].id


def line(trade: Trade, line_id: str) -> OrderLine:
    """A line as it stands now."""
    with trade.work() as session:
        return session.get_one(OrderLine, line_id)


def crash(_: object) -> None:
    raise KeyboardInterrupt


def test_crash_between_stripe_call_and_our_commit(trade: Trade) -> None:
    soon, late = sold(trade), sold(trade)
    for line_id in (soon, late):
        trade.payments.after["create_transfer"] = crash
        with pytest.raises(KeyboardInterrupt):
            transfer_line(trade.services, line_id)
        assert line(trade, line_id).transfer_state is PENDING  # the intent was committed first
    assert len(transfers_at_bank(trade)) == 2
    assert transfer_line(trade.services, soon) is DONE  # the same key, the same transfer
    # A day later Stripe has forgotten the key: it is asked before it is told.
    trade.bank.advance(25 * 3600)
    with frozen(now() + timedelta(hours=25)):
        assert transfer_line(trade.services, late) is DONE
    assert trade.payments.calls.count("find_transfer") == 1
    assert len(transfers_at_bank(trade)) == 2


def test_seller_disabled_mid_order(trade: Trade) -> None:
    back_soon, gone = trade.seller(), trade.seller()
    listings = [trade.listing(299, seller_id) for seller_id in (back_soon, gone)]
    trade.set_account(back_soon, "restricted")
    trade.set_account(gone, "rejected")
    orders = [trade.buy(listing_id) for listing_id in listings]
    # The buyer has the goods; the money waits.
    assert [trade.rights(order_id) for order_id in orders] == [["granted"]] * 2
    assert [trade.lines(order_id)[0].transfer_state for order_id in orders] == [HELD] * 2
    trade.set_account(back_soon, "active")
    trade.deliver()
    assert [trade.lines(order_id)[0].transfer_state for order_id in orders] == [DONE, HELD]
    with trade.work() as session:
        assert sweep_stuck(session) == 0
    with frozen(now() + timedelta(days=31)), trade.work() as session:
        assert sweep_stuck(session) == 1  # a person decides what becomes of it
        assert sweep_stuck(session) == 0
        assert alerts(session)["share_stuck"].subject == gone


def test_seller_account_closed(trade: Trade) -> None:
    seller_id = trade.seller()
    listing_id, other = trade.listing(299, seller_id), trade.listing(299)
    order_id = trade.open(listing_id)
    trade.pay(order_id)
    accounts.close_now(trade.bank.world, trade.account_of[seller_id])
    trade.deliver()
    assert trade.rights(order_id) == ["granted"]
    assert trade.lines(order_id)[0].transfer_state is HELD
    assert trade.books()[f"seller_payable:{seller_id}"] == -239
    with trade.work() as session:
        profile = session.get_one(SellerProfile, seller_id)
        assert profile.transfers_status is TransfersStatus.REJECTED
        shown = {item.listing_id for item in latest(session, 100)}
        another = make_buyer(session).id
    assert other in shown
    assert listing_id not in shown
    with pytest.raises(ConflictError, match="cannot receive payments"):
        start_checkout(trade.services, another, listing_id)


def test_idempotency_key_reused_with_other_parameters(trade: Trade) -> None:
    line_id = sold(trade)
    before = line(trade, line_id)
    seller_id, order = before.seller_id, trade.order(before.order_id)
    account = trade.account_of[seller_id]
    # Something of ours has used this line's key for another sum; Stripe keeps its refusal.
    trade.set_account(seller_id, "restricted")
    wrong = (line_id, 1, Money(100), account, order.charge_id, order.id)
    with pytest.raises(PaymentError):
        trade.services.payments.create_transfer(*wrong)
    trade.set_account(seller_id, "active")
    assert transfer_line(trade.services, line_id) is HELD
    with trade.work() as session:
        assert alerts(session)["key_reused"].subject == line_id
    # Nobody tries by itself under a fresh key: that might pay a second time.
    assert (line(trade, line_id).held_code, line(trade, line_id).transfer_attempt) == (
        "existing_transfer_differs",
        1,
    )
    assert sweep(trade, sweep_held, hours=2) == 0
    trade.deliver()
    assert transfers_at_bank(trade) == []
    trade.bank.advance(25 * 3600)
    with frozen(now() + timedelta(hours=25)):
        with trade.work() as session:
            release_line(session, trade.queue, line_id, trade.buyer_id, "looked at: none was made")
        trade.run_jobs()
    assert line(trade, line_id).transfer_state is DONE


def test_same_key_after_definite_4xx(trade: Trade) -> None:
    line_id = sold(trade)
    order = trade.order(line(trade, line_id).order_id)
    seller_id = line(trade, line_id).seller_id
    trade.set_account(seller_id, "restricted")
    assert transfer_line(trade.services, line_id) is HELD
    trade.set_account(seller_id, "active")
    # Stripe repeats its refusal for as long as it remembers the key, although all is well now.
    again = (line_id, 1, Money(239), trade.account_of[seller_id], order.charge_id, order.id)
    with pytest.raises(PaymentError):
        trade.services.payments.create_transfer(*again)
    trade.deliver()
    done = line(trade, line_id)
    assert done.transfer_state is DONE
    (made,) = transfers_at_bank(trade)
    assert made["metadata"]["attempt"] == "2"


def test_rate_limited(trade: Trade) -> None:
    line_id = sold(trade)
    # Used up by one request: had the library tried again by itself, it would have got through.
    break_calls(trade, {"path": "/v1/transfers", "action": "429", "times": 1})
    with pytest.raises(PaymentUnavailableError):
        transfer_line(trade.services, line_id)
    waiting = line(trade, line_id)
    assert (waiting.transfer_state, waiting.transfer_attempt) == (PENDING, 1)
    assert sweep(trade, sweep_transfers, seconds=30) == 0  # not at once
    assert sweep(trade, sweep_transfers, minutes=2) == 1
    assert line(trade, line_id).transfer_state is DONE
