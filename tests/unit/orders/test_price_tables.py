"""The tables of prices, posting by posting: what each sale brings to whom, sold and given back."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from marketplace.orders import ledger
from marketplace.orders.ledger_totals import totals
from marketplace.orders.models import LedgerEntry
from marketplace.orders.queries import sales_of, sales_summary
from marketplace.orders.refunds import refund_lines, refund_order
from marketplace.orders.states import OrderState, RefundReason, TransferState
from tests.fixtures.trading import Trade

OWNER, WHY = "0000000000001", RefundReason.OWNER_DECISION

# price: commission, seller's share, Stripe's fee and what is left to the house, of a card of
# this country and of a foreign one
PRICES = {
    199: (40, 159, (36, 4), (39, 1)),
    299: (60, 239, (39, 21), (43, 17)),
    499: (100, 399, (44, 56), (52, 48)),
}


def journal(trade: Trade) -> dict[str, list[dict[str, int]]]:
    """Every entry's legs by account, by kind in the order of booking."""
    with trade.work() as session:
        entries = session.scalars(
            select(LedgerEntry)
            .options(selectinload(LedgerEntry.postings))
            .order_by(LedgerEntry.created_at, LedgerEntry.id)
        ).all()
    found: dict[str, list[dict[str, int]]] = {}
    for entry in entries:
        legs: dict[str, int] = {}
        for leg in entry.postings:
            legs[leg.account] = legs.get(leg.account, 0) + leg.amount_cents
        found.setdefault(entry.kind, []).append(legs)
    return found


@pytest.mark.parametrize("price", PRICES)
def test_a_sale_at_each_usual_price_and_all_of_it_given_back(trade: Trade, price: int) -> None:
    commission, share, (fee, left), (dear, little) = PRICES[price]
    order_id = trade.buy(trade.listing(price))
    (line,) = trade.lines(order_id)
    payable = f"seller_payable:{line.seller_id}"
    sale = {
        "charge": [{"stripe_balance": price, payable: -share, "commission": -commission}],
        "fee": [{"stripe_fees": fee, "stripe_balance": -fee}],
        "transfer": [{payable: share, "stripe_balance": -share}],
    }
    assert journal(trade) == sale
    order = trade.order(order_id)
    assert trade.entry(f"charge:{order.charge_id}") == sale["charge"][0]
    assert trade.entry(f"transfer:{line.transfer_id}") == sale["transfer"][0]
    assert trade.books()["stripe_balance"] == left
    with trade.work() as session:
        refund_order(session, trade.services, order_id, WHY, "", OWNER)
    trade.run_jobs()
    assert journal(trade) == sale | {
        "refund": [{payable: share, "commission": commission, "stripe_balance": -price}],
        "reversal": [{"stripe_balance": share, payable: -share}],
    }
    # The provider keeps its fee: that is what a full refund costs the house.
    assert trade.books() == {"stripe_fees": fee, "stripe_balance": -fee}
    assert (trade.order(order_id).state, trade.rights(order_id)) == ("refunded", ["revoked"])
    foreign = trade.buy(trade.listing(price), card="pm_card_gb")
    assert trade.order(foreign).stripe_fee_cents == dear
    assert trade.books()["stripe_balance"] == little - fee
    assert trade.reconciled() == []


def test_the_cart_of_three_sellers_and_one_line_given_back(trade: Trade) -> None:
    order_id = trade.buy(*[trade.listing(price) for price in PRICES])
    lines = trade.lines(order_id)
    a, b, c = [f"seller_payable:{line.seller_id}" for line in lines]
    sale = {
        "charge": [{"stripe_balance": 997, a: -159, b: -239, c: -399, "commission": -200}],
        "fee": [{"stripe_fees": 59, "stripe_balance": -59}],
        "transfer": [
            {a: 159, "stripe_balance": -159},
            {b: 239, "stripe_balance": -239},
            {c: 399, "stripe_balance": -399},
        ],
    }
    assert journal(trade) == sale
    assert trade.books() == {"stripe_balance": 141, "stripe_fees": 59, "commission": -200}
    with trade.work() as session:
        refund_lines(session, trade.services, order_id, {lines[1].id: None}, WHY, "", OWNER)
    trade.run_jobs()
    assert journal(trade) == sale | {
        "refund": [{b: 239, "commission": 60, "stripe_balance": -299}],
        "reversal": [{"stripe_balance": 239, b: -239}],
    }
    states = [line.transfer_state for line in trade.lines(order_id)]
    assert states == [TransferState.DONE, TransferState.REVERSED, TransferState.DONE]
    assert trade.rights(order_id) == ["granted", "revoked", "granted"]
    order = trade.order(order_id)
    assert (order.state, order.refunded_cents) == (OrderState.PARTIALLY_REFUNDED, 299)
    assert trade.books()["stripe_balance"] == 997 - 59 - 797 - 299 + 239
    assert trade.reconciled() == []
    foreign = trade.buy(*[trade.listing(price) for price in PRICES], card="pm_card_br")
    assert trade.order(foreign).stripe_fee_cents == 74


@pytest.mark.parametrize("outcome", ["lost", "won"])
def test_a_dispute_of_one_sale(trade: Trade, outcome: str) -> None:
    order_id = trade.buy(trade.listing(199))
    payable = f"seller_payable:{trade.lines(order_id)[0].seller_id}"
    dispute_id = trade.dispute(order_id)
    trade.deliver()
    suspense, held = f"dispute_suspense:{dispute_id}", f"seller_held:{dispute_id}"
    withdrawn = {suspense: 199, "dispute_fees": 1500, "stripe_balance": -1699}
    called_back = {"stripe_balance": 159, held: -159}
    booked = journal(trade)
    assert (booked["dispute_bt"], booked["reversal"]) == ([withdrawn], [called_back])
    trade.decide(dispute_id, outcome)
    trade.deliver()
    booked = journal(trade)
    if outcome == "lost":
        assert booked["dispute_lost"] == [{held: 159, "commission": 40, suspense: -199}]
        assert trade.books() == {"dispute_fees": 1500, "stripe_fees": 36, "stripe_balance": -1536}
    else:
        assert booked["dispute_bt"][1] == {"stripe_balance": 199, suspense: -199}
        assert booked["dispute_released"] == [{held: 159, payable: -159}]
        assert booked["transfer"][1] == {payable: 159, "stripe_balance": -159}
        assert trade.books() == {
            "stripe_balance": 4 - 1500,
            "stripe_fees": 36,
            "dispute_fees": 1500,
            "commission": -40,
        }
    assert trade.reconciled() == []


def test_the_books_pages_add_the_same_sales_up(trade: Trade) -> None:
    orders = [trade.buy(trade.listing(price)) for price in PRICES]
    seller_id = trade.lines(orders[2])[0].seller_id
    with trade.work() as session:
        sums = totals(session)
        assert ledger.trial_balance(session) == 0
        summary = sales_summary(session, seller_id)
        sold = sales_of(session, seller_id)
    assert (sums.money_in, sums.commission, sums.sellers) == (997, 200, 797)
    assert (sums.transferred, sums.owed_to_sellers, sums.difference) == (797, 0, 0)
    # Three single payments cost three times Stripe's thirty cents, a cart only once.
    assert sums.platform_net == sums.stripe_balance == 4 + 21 + 56
    assert (summary.count, summary.earned, summary.transferred, summary.underway) == (
        *(1, 399, 399, 0),
    )
    assert [line.price_cents for line in sold] == [499]
