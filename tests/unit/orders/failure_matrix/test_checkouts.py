"""Failure matrix: what buyers, tabs, back buttons and a silent Stripe do to a checkout."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from marketplace.core.errors import ConflictError, UnavailableError
from marketplace.listings.models import Listing
from marketplace.orders.checkout import start_checkout
from marketplace.orders.dispute_models import PaymentAttempt
from marketplace.orders.models import Order
from marketplace.orders.operations import settle
from marketplace.orders.refunds import refund_parked
from marketplace.orders.states import OrderState, TransferState
from marketplace.orders.sweeps import sweep_orders
from tests.factories.orders import make_buyer
from tests.fixtures.trading import Trade
from tests.unit.orders.failure_matrix.steps import (
    OWNER,
    Site,
    alerts,
    break_calls,
    paid,
    sessions_at_bank,
    sweep,
    transfers_at_bank,
)


def press(trade: Trade, listing_id: str) -> str | None:
    """Press Buy now; the hosted page's address, or None for what is owned already."""
    return start_checkout(trade.services, trade.buyer_id, listing_id).url


def orders(trade: Trade) -> list[Order]:
    with trade.work() as session:
        return list(session.scalars(select(Order).order_by(Order.created_at)))


def change_price(trade: Trade, listing_id: str, cents: int) -> None:
    with trade.work() as session:
        session.get_one(Listing, listing_id).price_cents = cents


def test_double_click_or_two_tabs(trade: Trade) -> None:
    listing_id = trade.listing(299)
    other_tab: list[str | None] = []
    # The second press arrives after the first one's row and before its remote session.
    trade.payments.before["create_checkout"] = lambda: other_tab.append(press(trade, listing_id))
    assert press(trade, listing_id) == other_tab[0]
    (order,) = orders(trade)
    assert len(sessions_at_bank(trade)) == 1
    # One tab has paid when another wants the old checkout closed: what was paid is honoured.
    trade.pay(order.id)
    change_price(trade, listing_id, 499)
    assert press(trade, listing_id) is None
    assert trade.order(order.id).state is OrderState.PAID
    # Two orders of one thing, paid all the same: one right, and the second sum goes back.
    second = trade.open(listing_id)
    trade.pay(second)
    settle(trade.services, second)
    trade.run_jobs()
    assert trade.rights(order.id) + trade.rights(second) == ["granted"]
    assert trade.order(second).state is OrderState.REFUNDED
    assert trade.lines(second)[0].transfer_state is TransferState.CANCELLED
    assert len(transfers_at_bank(trade)) == 1


def test_back_button_or_stale_price(trade: Trade) -> None:
    listing_id = trade.listing(299)
    old_page = press(trade, listing_id)
    (old,) = orders(trade)
    session = sessions_at_bank(trade)[0]
    assert session["amount_total"] == old.total_cents == 299
    assert session["expires_at"] - session["created"] >= 30 * 60
    change_price(trade, listing_id, 499)
    assert press(trade, listing_id) != old_page
    _, new = orders(trade)
    assert (trade.order(old.id).state, new.total_cents) == (OrderState.EXPIRED, 499)
    trade.pay(old.id)  # the old page is closed: nothing is charged
    trade.pay(new.id)
    trade.deliver()
    assert trade.order(old.id).state is OrderState.EXPIRED
    assert trade.books()["stripe_balance"] == 499 - 44 - 399


def test_amount_tampering(trade: Trade) -> None:
    order_id = paid(trade)
    with trade.work() as session:
        session.get_one(Order, order_id).total_cents = 29900
    trade.deliver()
    order = trade.order(order_id)
    assert order.state is OrderState.REVIEW
    assert order.review_reason == "$2.99 were paid instead of 29900 cents"
    assert trade.rights(order_id) == []
    assert trade.lines(order_id)[0].transfer_state is TransferState.NOT_DUE
    assert trade.books()[f"in_review:{order_id}"] == -299
    with trade.work() as session:
        assert alerts(session)["order_in_review"].order_id == order_id
        refund_parked(session, trade.services, order_id, "not what was asked", OWNER)
    trade.run_jobs()
    assert trade.order(order_id).state is OrderState.REFUNDED


def test_forged_success_url(trade: Trade, site: Site) -> None:
    unpaid, order_id = trade.open(trade.listing(199)), paid(trade)
    with trade.work() as session:
        thief = make_buyer(session).id
    address = "/checkout/done?sid={}"
    session_id = trade.order(order_id).checkout_session_id
    assert site.browser(thief).get(address.format(session_id)).status_code == 404
    assert site.browser(thief).get(address.format("cs_test_made_up")).status_code == 404
    page = site.browser(trade.buyer_id).get(address.format(trade.order(unpaid).checkout_session_id))
    assert 'data-order-state="awaiting_payment"' in page.text
    states = [trade.order(one).state for one in (unpaid, order_id)]
    assert states == [OrderState.AWAITING_PAYMENT] * 2
    assert trade.rights(unpaid) + trade.rights(order_id) == []
    assert site.browser(trade.buyer_id).get(address.format(session_id)).status_code == 303
    assert trade.rights(order_id) == ["granted"]


def test_decline_or_abandoned_3ds(trade: Trade) -> None:
    order_id = trade.open(trade.listing(299))
    trade.pay(order_id, "pm_card_visa_chargeDeclined")
    trade.deliver()
    trade.pay(order_id, "pm_card_authenticationRequired")
    session_id = str(trade.order(order_id).checkout_session_id)
    trade.bank.authenticate(session_id, passed=False)
    trade.deliver()
    trade.pay(order_id, "pm_card_authenticationRequired")  # and then walked away from
    assert settle(trade.services, order_id) is OrderState.AWAITING_PAYMENT
    with trade.work() as session:
        codes = session.scalars(select(PaymentAttempt.code).order_by(PaymentAttempt.at)).all()
    assert list(codes) == ["generic_decline", "payment_intent_authentication_failure"]
    assert trade.books() == {}
    trade.pay(order_id)  # the same page, another card
    trade.deliver()
    assert trade.rights(order_id) == ["granted"]
    # Left alone until it is over, it expires and nothing was charged.
    other = trade.open(trade.listing(299))
    trade.pay(other, "pm_card_authenticationRequired")
    trade.bank.advance(2 * 3600)
    assert sweep(trade, sweep_orders, minutes=3) == 1
    assert trade.order(other).state is OrderState.EXPIRED


def test_stripe_down_or_hung(trade: Trade, site: Site) -> None:
    listing_id = trade.listing(299)
    break_calls(trade, {"path": "/v1/checkout/sessions*", "action": "timeout"})
    with pytest.raises(UnavailableError, match="not been charged"):
        press(trade, listing_id)
    break_calls(trade)
    press(trade, listing_id)
    (order,) = orders(trade)
    trade.pay(order.id)
    break_calls(trade, {"path": "/v1/*", "action": "timeout"})
    buyer = site.browser(trade.buyer_id)
    address = f"/checkout/done?sid={trade.order(order.id).checkout_session_id}"
    page = buyer.get(address)
    assert (page.status_code, page.headers["Refresh"]) == (200, "5")
    assert "Checking your payment" in page.text
    assert trade.order(order.id).state is OrderState.AWAITING_PAYMENT
    change_price(trade, listing_id, 499)
    with pytest.raises((UnavailableError, ConflictError)):
        press(trade, listing_id)  # nothing new is opened while the old one may have been paid
    break_calls(trade)
    assert buyer.get(address).status_code == 303
    assert len(sessions_at_bank(trade)) == 1
