"""Failure matrix: refunds that wait, fall back or find no money, and disputes."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from local.stripe import payouts
from marketplace.core.errors import ConflictError
from marketplace.orders import debts
from marketplace.orders.dispute_models import Dispute
from marketplace.orders.fees import seller_part
from marketplace.orders.operations import settle
from marketplace.orders.refund_booking import mark_paid_by_hand
from marketplace.orders.refunds import request_refund
from marketplace.orders.states import OrderState, RefundReason, RefundState, TransferState
from tests.fixtures.trading import Trade
from tests.unit.orders.failure_matrix.steps import OWNER, alerts, give_back, paid

CART = (199, 299, 499)


def debt(trade: Trade, seller_id: str) -> int:
    with trade.work() as session:
        return debts.seller_debt(session, seller_id)


def test_refund_while_transfer_pending_or_held(trade: Trade) -> None:
    pending = paid(trade)
    settle(trade.services, pending)
    give_back(trade, pending)
    held_seller = trade.seller()
    listing_id = trade.listing(299, held_seller)
    trade.set_account(held_seller, "restricted")
    held = trade.buy(listing_id)
    assert trade.lines(held)[0].transfer_state is TransferState.HELD
    give_back(trade, held)
    trade.run_jobs()
    for order_id in (pending, held):
        assert trade.order(order_id).state is OrderState.REFUNDED
        assert trade.lines(order_id)[0].transfer_state is TransferState.CANCELLED
        assert trade.rights(order_id) == ["revoked"]
    assert trade.payments.calls.count("create_reversal") == 0
    assert trade.books() == {"stripe_fees": 78, "stripe_balance": -78}


def test_refund_after_seller_payout(trade: Trade) -> None:
    seller_id = trade.seller()
    account, world = trade.account_of[seller_id], trade.bank.world
    first = trade.buy(trade.listing(499, seller_id), card="pm_card_bypassPending")
    payouts.give_bank(world, account)
    with world.store.transaction():
        payouts.pay_out(world, account, 399)  # the share has left for the seller's bank
    trade.refuse_reversals(seller_id, "refuse")
    give_back(trade, first)
    trade.run_jobs()
    assert trade.order(first).state is OrderState.REFUNDED  # the buyer does not wait for that
    assert trade.lines(first)[0].transfer_state is TransferState.REVERSAL_FAILED
    assert debt(trade, seller_id) == trade.books()[f"seller_payable:{seller_id}"] == 399
    # Kept from the next sale by itself, and the rest is borne with a reason.
    second = trade.buy(trade.listing(299, seller_id))
    assert (trade.lines(second)[0].netted_cents, debt(trade, seller_id)) == (239, 160)
    with trade.work() as session:
        debts.write_off(session, trade.queue, seller_id, 160, "gone", trade.buyer_id)
    assert debt(trade, seller_id) == 0
    assert trade.books()["loss"] == 160


def test_partial_refund_of_a_cart_line(trade: Trade) -> None:
    order_id = trade.buy(*[trade.listing(price) for price in CART])
    given_back = 0
    for cents in (1, 13, 100, 185):
        assert trade.rights(order_id) == ["granted"] * 3
        give_back(trade, order_id, line=1, cents=cents)
        trade.run_jobs()
        given_back += cents
        line = trade.lines(order_id)[1]
        assert line.reversed_cents == seller_part(299, 239, given_back)
    assert (line.refunded_cents, line.reversed_cents) == (299, 239)
    assert trade.rights(order_id) == ["granted", "revoked", "granted"]
    assert trade.order(order_id).state is OrderState.PARTIALLY_REFUNDED
    assert trade.books() == {
        "stripe_balance": 141 - 299 + 239,
        "stripe_fees": 59,
        "commission": -140,
    }


def test_refund_fails_later(trade: Trade) -> None:
    order_id = trade.buy(trade.listing(299))
    give_back(trade, order_id)
    trade.run_jobs()
    (refund,) = trade.refunds(order_id)
    trade.fail_refund(str(refund.refund_id))
    trade.deliver()
    # The mirror: as if it had never been given back, and the seller is paid again.
    assert trade.books() == {"stripe_balance": 21, "stripe_fees": 39, "commission": -60}
    assert (trade.order(order_id).state, trade.rights(order_id)) == (OrderState.PAID, ["granted"])
    assert trade.lines(order_id)[0].transfer_state is TransferState.DONE
    (refund,) = trade.refunds(order_id)
    assert (refund.state, refund.failure_code) == (RefundState.FAILED, "lost_or_stolen_card")
    with trade.work() as session:
        assert "refund_failed" in alerts(session)
        mark_paid_by_hand(session, trade.services, refund.id, OWNER, "bank transfer 17")
    trade.run_jobs()
    assert trade.books() == {
        "bank": -299,
        "stripe_balance": 299 - 39,
        "stripe_fees": 39,
    }
    assert trade.order(order_id).state is OrderState.REFUNDED
    assert trade.rights(order_id) == ["revoked"]


def test_balance_too_low_for_refund(trade: Trade) -> None:
    order_id = trade.buy(trade.listing(299))
    trade.bank.world.store.set_setting("behaviour", {"refund_when_short": "pending"})
    give_back(trade, order_id)
    trade.run_jobs()
    (refund,) = trade.refunds(order_id)
    assert (refund.state, refund.booked_at) == (RefundState.PENDING, None)
    assert trade.rights(order_id) == ["revoked"]
    with trade.work() as session:
        assert alerts(session)["balance_too_low"].order_id == order_id
    paid(trade, 499)  # there is money again
    trade.bank.advance(2 * 86400)
    trade.deliver()
    assert trade.refunds(order_id)[0].state is RefundState.SUCCEEDED
    assert trade.order(order_id).state is OrderState.REFUNDED


def test_dispute_created(trade: Trade) -> None:
    order_id = trade.buy(trade.listing(199))
    (line,) = trade.lines(order_id)
    give_back(trade, order_id, line=0, cents=50)  # decided, but the bank is faster
    dispute_id = trade.dispute(order_id)
    trade.deliver()
    assert (trade.order(order_id).state, trade.rights(order_id)) == ("disputed", ["suspended"])
    assert trade.lines(order_id)[0].transfer_state is TransferState.REVERSED
    books = trade.books()
    assert books[f"dispute_suspense:{dispute_id}"] == 199
    assert books[f"seller_held:{dispute_id}"] == -159
    assert books["dispute_fees"] == 1500
    # Nothing is given back a second time: neither what was decided nor what is asked for now.
    assert [refund.state for refund in trade.refunds(order_id)] == [RefundState.CANCELED]
    assert trade.payments.calls.count("create_refund") == 0
    why = RefundReason.OTHER
    with trade.work() as session, pytest.raises(ConflictError, match="Your bank"):
        request_refund(session, trade.services, line.id, trade.buyer_id, why, "")
    with trade.work() as session:
        dispute = session.scalars(select(Dispute)).one()
        assert "Paper fox" in dispute.evidence["product_description"]
        assert "dispute_opened" in alerts(session)


def test_dispute_won_or_lost(trade: Trade) -> None:
    won, lost = trade.buy(trade.listing(299)), trade.buy(trade.listing(199))
    disputes = {won: trade.dispute(won), lost: trade.dispute(lost)}
    trade.deliver()
    trade.decide(disputes[won], "won")
    trade.decide(disputes[lost], "lost")
    trade.deliver()
    assert (trade.order(won).state, trade.rights(won)) == (OrderState.PAID, ["granted"])
    assert trade.lines(won)[0].transfer_state is TransferState.DONE
    assert (trade.order(lost).state, trade.rights(lost)) == ("charged_back", ["revoked"])
    assert trade.lines(lost)[0].transfer_state is TransferState.REVERSED
    # Both fees stay an expense; of the lost sale not even the commission is left.
    assert trade.books() == {
        "dispute_fees": 3000,
        "stripe_fees": 39 + 36,
        "commission": -60,
        "stripe_balance": 60 - 39 - 36 - 3000,
    }


def test_dispute_on_multi_seller_cart(trade: Trade) -> None:
    order_id = trade.buy(*[trade.listing(price) for price in CART])
    dispute_id = trade.dispute(order_id, amount=500)
    trade.deliver()
    with trade.work() as session:
        parts = {part.line_id: part for part in session.scalars(select(Dispute)).one().lines}
        shares = [parts[line.id] for line in trade.lines(order_id)]
        disputed, held = [p.cents for p in shares], [p.seller_cents for p in shares]
    assert sum(disputed) == 500
    for part, price in zip(disputed, CART, strict=True):
        assert abs(part - 500 * price / 997) < 1
    assert [line.reversed_cents for line in trade.lines(order_id)] == held
    assert trade.books()[f"seller_held:{dispute_id}"] == -sum(held)
    trade.decide(dispute_id, "lost")
    trade.deliver()
    kept = [line.paid_to_seller_cents for line in trade.lines(order_id)]
    assert sum(kept) == 797 - sum(held)
    assert not [name for name in trade.books() if dispute_id in name]
