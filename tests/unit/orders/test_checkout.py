"""Opening a checkout: what is refused, what is opened again, and what a crash leaves behind."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import frozen, now
from marketplace.core.errors import ConflictError, NotFoundError, UnavailableError
from marketplace.core.ids import new_id
from marketplace.gateways.payments import PaymentError, TransfersStatus
from marketplace.listings.models import Listing
from marketplace.listings.states import ListingState
from marketplace.orders.checkout import start_checkout
from marketplace.orders.models import Entitlement, Order, OrderLine
from marketplace.orders.operations import settle
from marketplace.orders.queries import order_events
from marketplace.orders.states import OrderState
from marketplace.orders.sweeps import sweep_drafts
from tests.factories.orders import make_buyer, publish_version
from tests.fixtures.buying import House


def start(house: House) -> str:
    url = start_checkout(house.services, house.buyer_id, house.listing_id).url
    assert url is not None
    return url


def orders(house: House) -> list[Order]:
    with house.work() as session:
        return list(session.scalars(select(Order).order_by(Order.created_at)))


def test_the_order_holds_price_split_and_session(house: House) -> None:
    url = start(house)
    (order,) = orders(house)
    with house.work() as session:
        (line,) = session.scalars(select(OrderLine)).all()
    assert order.state is OrderState.AWAITING_PAYMENT
    assert (order.total_cents, line.commission_cents, line.seller_cents) == (299, 60, 239)
    assert order.checkout_url == url
    (session_at_bank,) = house.bank.sessions(order.id)
    assert session_at_bank["id"] == order.checkout_session_id
    assert session_at_bank["amount_total"] == 299
    assert session_at_bank["expires_at"] == int(order.expires_at.timestamp())
    assert f"order={order.id}" in session_at_bank["cancel_url"]


def test_a_second_tab_gets_the_same_checkout(house: House) -> None:
    assert start(house) == start(house)
    assert len(orders(house)) == 1
    assert house.payments.calls.count("create_checkout") == 1


def test_a_crash_after_the_call_opens_no_second_checkout(house: House) -> None:
    def crash(result: object) -> None:
        raise KeyboardInterrupt

    house.payments.after["create_checkout"] = crash
    with pytest.raises(KeyboardInterrupt):
        start(house)
    (order,) = orders(house)
    assert order.state is OrderState.DRAFT
    url = start(house)
    (session_at_bank,) = house.bank.sessions(order.id)
    assert session_at_bank["url"] == url


def test_an_answer_lost_on_the_way_opens_no_second_checkout(house: House) -> None:
    house.bank.faults({"path": "/v1/checkout/sessions", "action": "lost_answer", "times": 1})
    start(house)
    (order,) = orders(house)
    assert len(house.bank.sessions(order.id)) == 1


def test_when_stripe_is_away_the_buyer_is_told_and_may_press_again(house: House) -> None:
    house.bank.faults({"path": "/v1/checkout/sessions", "action": "500", "times": 3})
    with pytest.raises(UnavailableError, match="not been charged"):
        start(house)
    house.bank.faults()
    start(house)
    (order,) = orders(house)
    assert (order.state, order.attempt) == (OrderState.AWAITING_PAYMENT, 1)


def test_after_a_definite_refusal_the_next_try_uses_a_fresh_key(house: House) -> None:
    def refuse() -> None:
        raise PaymentError("refused", "some_code")

    house.payments.before["create_checkout"] = refuse
    with pytest.raises(UnavailableError):
        start(house)
    (order,) = orders(house)
    assert (order.state, order.attempt) == (OrderState.DRAFT, 2)
    with house.work() as session:
        assert [e.reason for e in order_events(session, order.id)] == ["some_code"]
    start(house)
    assert len(orders(house)) == 1


@pytest.mark.parametrize("state", [ListingState.WITHDRAWN, ListingState.REJECTED])
def test_what_is_not_live_is_not_sold(house: House, state: ListingState) -> None:
    with house.work() as session:
        session.get_one(Listing, house.listing_id).state = state
    with pytest.raises(ConflictError, match="not for sale"):
        start(house)
    assert orders(house) == []


def test_what_was_never_published_does_not_exist(house: House) -> None:
    with house.work() as session:
        listing = session.get_one(Listing, house.listing_id)
        listing.state, listing.published_at = ListingState.IN_REVIEW, None
    with pytest.raises(NotFoundError):
        start(house)
    with pytest.raises(NotFoundError):
        start_checkout(house.services, house.buyer_id, new_id())


def test_nobody_buys_their_own(house: House) -> None:
    with pytest.raises(ConflictError, match="your own"):
        start_checkout(house.services, house.seller_id, house.listing_id)
    assert orders(house) == []


@pytest.mark.parametrize("status", [s for s in TransfersStatus if s != TransfersStatus.ACTIVE])
def test_a_seller_who_cannot_be_paid_cannot_sell(house: House, status: TransfersStatus) -> None:
    with house.work() as session:
        session.get_one(SellerProfile, house.seller_id).transfers_status = status
    with pytest.raises(ConflictError, match="cannot receive payments"):
        start(house)
    assert orders(house) == []


def test_the_owner_is_sent_to_the_library(house: House) -> None:
    house.bank.pay(start(house))
    settle(house.services, orders(house)[0].id)
    begun = start_checkout(house.services, house.buyer_id, house.listing_id)
    with house.work() as session:
        assert begun.entitlement_id == session.scalar(select(Entitlement.id))
    assert begun.url is None


def test_a_new_version_replaces_the_open_checkout(house: House) -> None:
    start(house)
    with house.work() as session:
        version = publish_version(session, session.get_one(Listing, house.listing_id), number=2)
    start(house)
    with house.work() as session:
        newest = session.scalars(select(Order).order_by(Order.created_at.desc())).first()
        assert newest is not None
        assert newest.lines[0].version_id == version.id


def test_an_almost_expired_checkout_is_not_handed_out_again(house: House) -> None:
    first = start(house)
    with frozen(now() + timedelta(minutes=39)):
        second = start(house)
    assert first != second


def test_an_old_draft_is_given_up_and_replaced(house: House) -> None:
    house.bank.faults({"path": "/v1/checkout/sessions", "action": "500", "times": 3})
    with pytest.raises(UnavailableError):
        start(house)
    house.bank.faults()
    with frozen(now() + timedelta(minutes=10)):
        start(house)
    assert [o.state for o in orders(house)] == [OrderState.EXPIRED, OrderState.AWAITING_PAYMENT]


def test_the_sweep_gives_up_old_drafts_and_only_those(house: House) -> None:
    house.bank.faults({"path": "/v1/checkout/sessions", "action": "500", "times": 3})
    with pytest.raises(UnavailableError):
        start(house)
    with house.work() as session:
        assert sweep_drafts(session) == 0
    with frozen(now() + timedelta(minutes=6)), house.work() as session:
        assert sweep_drafts(session) == 1
    assert [o.state for o in orders(house)] == [OrderState.EXPIRED]


def test_a_slow_call_cannot_revive_an_order_that_was_given_up(house: House) -> None:
    def give_up(result: object) -> None:
        with frozen(now() + timedelta(minutes=6)), house.work() as session:
            sweep_drafts(session)

    house.payments.after["create_checkout"] = give_up
    with pytest.raises(ConflictError, match="start again"):
        start(house)
    assert [o.state for o in orders(house)] == [OrderState.EXPIRED]


def test_two_buyers_have_two_orders(house: House) -> None:
    first = start(house)
    with house.work() as session:
        other = make_buyer(session).id
    second = start_checkout(house.services, other, house.listing_id).url
    assert first != second
    with house.work() as session:
        assert session.scalar(select(func.count()).select_from(Order)) == 2
