"""Card testing is slowed down; honest buyers are not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace.core.clock import frozen, now
from marketplace.core.errors import ConflictError
from marketplace.gateways.payments import CardFacts
from marketplace.orders.dispute_models import PaymentAttempt
from marketplace.orders.models import Order
from marketplace.orders.risk import address_hash, check_checkout, record_attempt, wants_secure
from marketplace.orders.states import OrderState
from tests.factories.orders import make_buyer
from tests.fixtures.trading import Trade

HERE = address_hash("a key", "192.0.2.1")


def decline(trade: Trade, order_id: str, times: int, card: str | None = None) -> None:
    """So many refusals of an order's payment."""
    with trade.work() as session:
        order = session.get_one(Order, order_id)
        order.buyer_address_hash = HERE
        for number in range(times):
            name = f"{order_id}:{card}:{number}"
            facts = CardFacts(fingerprint=card)
            record_attempt(session, order, name, "card_declined", facts, succeeded=False)


def allowed(trade: Trade, buyer_id: str, where: str | None = None) -> bool:
    try:
        with trade.work() as session:
            check_checkout(session, trade.services.settings, buyer_id, where)
    except ConflictError as error:
        return error.code != "too_many_attempts"
    return True


def test_an_address_is_kept_as_a_keyed_hash() -> None:
    assert address_hash("a key", " 192.0.2.1 ") == HERE
    assert HERE not in {address_hash("another key", "192.0.2.1"), address_hash("a key", "::1")}
    assert "192.0.2.1" not in HERE


def test_too_many_refusals_of_one_buyer_cost_an_hour(trade: Trade) -> None:
    order_id = trade.open(trade.listing(199))
    decline(trade, order_id, 4)
    assert allowed(trade, trade.buyer_id)
    decline(trade, order_id, 5)
    assert not allowed(trade, trade.buyer_id)
    with frozen(now() + timedelta(hours=2)):
        assert allowed(trade, trade.buyer_id)


def test_too_many_refusals_of_one_address_stop_its_next_buyer(trade: Trade) -> None:
    with trade.work() as session:
        others = [make_buyer(session).id for _ in range(3)]
    listing_id = trade.listing(199)
    for buyer_id in others:
        decline(trade, trade.open(listing_id, buyer_id=buyer_id), 4)
    assert not allowed(trade, trade.buyer_id, HERE)
    assert allowed(trade, trade.buyer_id, address_hash("a key", "192.0.2.2"))


def test_a_card_that_is_refused_all_over_the_place_stops_who_tries_it(trade: Trade) -> None:
    with trade.work() as session:
        others = [make_buyer(session).id for _ in range(2)]
    listing_id = trade.listing(199)
    for buyer_id in others:
        decline(trade, trade.open(listing_id, buyer_id=buyer_id), 4, card="stolen")
    assert allowed(trade, trade.buyer_id)
    decline(trade, trade.open(listing_id), 1, card="stolen")
    assert not allowed(trade, trade.buyer_id)


def test_who_tries_cards_out_on_the_open_page_finds_it_closed(trade: Trade) -> None:
    order_id = trade.open(trade.listing(199))
    for _ in range(trade.services.settings.buyer_declines_per_hour):
        assert trade.order(order_id).state is OrderState.AWAITING_PAYMENT
        trade.pay(order_id, "pm_card_visa_chargeDeclined")
        trade.deliver()
    assert trade.order(order_id).state is OrderState.EXPIRED
    session_id = str(trade.order(order_id).checkout_session_id)
    assert trade.bank.pay(session_id, "pm_card_visa").result == "closed"
    assert trade.books() == {}


def test_refusals_and_the_card_are_read_from_stripe(trade: Trade) -> None:
    order_id = trade.open(trade.listing(199))
    for card in ("pm_card_visa_chargeDeclined", "pm_card_visa_chargeDeclinedLostCard"):
        trade.pay(order_id, card)
        trade.deliver()
    trade.pay(order_id)
    trade.deliver()
    with trade.work() as session:
        tried = session.scalars(select(PaymentAttempt).order_by(PaymentAttempt.at)).all()
        order = session.get_one(Order, order_id)
    assert [(one.succeeded, one.code) for one in tried] == [
        (False, "generic_decline"),
        (False, "lost_card"),
        (True, None),
    ]
    assert {one.card_fingerprint is None for one in tried} == {False}
    assert (order.card_brand, order.card_last4, order.card_country) == ("visa", "4242", "US")


@pytest.mark.parametrize(("cents", "asked"), [(1999, False), (2000, True)])
def test_a_first_purchase_of_some_size_asks_for_3d_secure(
    trade: Trade, cents: int, asked: bool
) -> None:
    settings = trade.services.settings
    with trade.work() as session:
        assert wants_secure(session, settings, trade.buyer_id, cents) is asked
    trade.buy(trade.listing(199))
    with trade.work() as session:
        assert not wants_secure(session, settings, trade.buyer_id, cents)
