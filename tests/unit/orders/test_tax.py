"""Tax, where it is switched on: told apart from prices, owed on, and given back with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.stripe import tax as bank_tax
from marketplace.core.database import Database
from marketplace.orders.operations import settle
from marketplace.orders.refunds import refund_lines, refund_order
from marketplace.orders.states import OrderState, RefundReason
from tests.fixtures.trading import Trade, make_trade

WHY = RefundReason.OWNER_DECISION


@pytest.fixture
def taxed(buying_database: Database, tmp_path: Path) -> Iterator[Trade]:
    """A marketplace that lets Stripe compute tax; the emulator's is ten per cent."""
    made = make_trade(buying_database, tmp_path, STRIPE_TAX="true")
    yield made
    made.bank.close()


def pay_with_tax(trade: Trade, order_id: str) -> None:
    """The buyer gives an address, so that tax is added, and pays."""
    world, session_id = trade.bank.world, trade.order(order_id).checkout_session_id
    with world.store.transaction():
        session = world.store.find(str(session_id))
        assert session is not None
        bank_tax.apply(world, session, {"country": "US", "postal_code": "94110"})
    trade.pay(order_id)


def test_tax_is_booked_apart_and_goes_back_with_its_line_to_the_cent(taxed: Trade) -> None:
    order_id = taxed.open(taxed.listing(199), taxed.listing(299), taxed.listing(499))
    pay_with_tax(taxed, order_id)
    assert settle(taxed.services, order_id) is OrderState.PAID
    taxed.run_jobs()
    order, lines = taxed.order(order_id), taxed.lines(order_id)
    tax = 20 + 30 + 50
    assert (order.total_cents, order.tax_cents, order.arrived_cents) == (997, tax, 997 + tax)
    assert sum(line.tax_cents for line in lines) == tax
    assert taxed.books()["tax_payable"] == -tax
    # Nobody is paid a share of the tax.
    assert [line.transferred_cents for line in lines] == [159, 239, 399]
    assert taxed.reconciled() == []
    for cents in (100, 33):
        with taxed.work() as session:
            parts = {lines[1].id: cents}
            refund_lines(session, taxed.services, order_id, parts, WHY, "", None)
        taxed.run_jobs()
    with taxed.work() as session:
        refund_order(session, taxed.services, order_id, WHY, "", None)
    taxed.run_jobs()
    order = taxed.order(order_id)
    assert (order.state, order.refunded_cents) == (OrderState.REFUNDED, 997 + tax)
    assert "tax_payable" not in taxed.books()
    assert taxed.books()["stripe_balance"] == -taxed.books()["stripe_fees"]
    assert taxed.reconciled() == []


def test_a_lost_dispute_takes_the_tax_too(taxed: Trade) -> None:
    order_id = taxed.open(taxed.listing(199))
    pay_with_tax(taxed, order_id)
    settle(taxed.services, order_id)
    taxed.run_jobs()
    dispute_id = taxed.dispute(order_id)
    taxed.deliver()
    taxed.decide(dispute_id, "lost")
    taxed.deliver()
    books = taxed.books()
    assert set(books) == {"stripe_balance", "stripe_fees", "dispute_fees"}
    assert taxed.reconciled() == []


def test_tax_that_nobody_asked_for_goes_to_review(trade: Trade) -> None:
    order_id = trade.open(trade.listing(199))
    world, session_id = trade.bank.world, trade.order(order_id).checkout_session_id
    with world.store.transaction():
        session = world.store.find(str(session_id))
        assert session is not None
        session["automatic_tax"]["enabled"] = True
        bank_tax.apply(world, session, {"country": "US"})
    trade.pay(order_id)
    assert settle(trade.services, order_id) is OrderState.REVIEW
