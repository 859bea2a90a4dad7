"""Carts as rows: what goes in, what is said of it, and what happens at log-in."""

from __future__ import annotations

from datetime import timedelta

import pytest

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import frozen, now
from marketplace.core.errors import ConflictError, NotFoundError
from marketplace.core.ids import new_id
from marketplace.gateways.payments import TransfersStatus
from marketplace.listings.models import Listing
from marketplace.listings.states import ListingState
from marketplace.orders import cart
from marketplace.orders.models import Entitlement, Order
from marketplace.orders.operations import settle
from marketplace.orders.states import EntitlementState, OrderState
from tests.fixtures.buying import House
from tests.unit.orders.buying_steps import other_listing, paid_checkout


def put(house: House, listing_id: str) -> None:
    with house.work() as session:
        cart.put_in(session, house.buyer_id, session.get_one(Listing, listing_id))


def items(house: House) -> dict[str, int]:
    with house.work() as session:
        return cart.items_of(session, house.buyer_id)


def view(house: House, buyer_id: str | None, *listing_ids: str) -> cart.CartView:
    with house.work() as session:
        return cart.cart_view(session, buyer_id, dict.fromkeys(listing_ids, 299))


def test_putting_in_twice_is_one_item_at_todays_price(house: House) -> None:
    other = other_listing(house)
    put(house, house.listing_id)
    put(house, other.id)
    with house.work() as session:
        session.get_one(Listing, house.listing_id).price_cents = 399
    put(house, house.listing_id)
    assert items(house) == {house.listing_id: 399, other.id: 499}
    with house.work() as session:
        assert cart.count_of(session, house.buyer_id) == 2
        cart.take_out(session, house.buyer_id, [house.listing_id, new_id()])
    assert items(house) == {other.id: 499}


def test_a_full_cart_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cart, "MAX_ITEMS", 1)
    put(house, house.listing_id)
    put(house, house.listing_id)  # it is there already
    with pytest.raises(ConflictError, match="Buy these first"):
        put(house, other_listing(house).id)


def test_a_changed_price_is_said_and_counted(house: House) -> None:
    other = other_listing(house)
    shown = view(house, house.buyer_id, house.listing_id, other.id)
    assert [line.price_changed for line in shown.payable] == [False, True]
    assert (shown.total_cents, shown.sellers) == (798, 2)
    assert shown.prices == {house.listing_id: 299, other.id: 499}


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        ({"state": ListingState.WITHDRAWN}, "not_for_sale"),
        ({"transfers_status": TransfersStatus.RESTRICTED}, "seller_not_ready"),
    ],
)
def test_what_cannot_be_bought_any_more_is_named(
    house: House, spoil: dict[str, object], code: str
) -> None:
    other = other_listing(house)
    with house.work() as session:
        target = (
            session.get_one(Listing, house.listing_id)
            if "state" in spoil
            else session.get_one(SellerProfile, house.seller_id)
        )
        for name, value in spoil.items():
            setattr(target, name, value)
    for buyer_id in (house.buyer_id, None):
        shown = view(house, buyer_id, house.listing_id, other.id)
        assert [line.listing.id for line in shown.payable] == [other.id]
        (line,) = shown.blocked
        assert line.obstacle is not None
        assert line.obstacle.code == code
        assert shown.total_cents == 499


def test_ones_own_prompt_is_named_once_it_is_known_whose_it_is(house: House) -> None:
    assert view(house, None, house.listing_id).payable != []
    (line,) = view(house, house.seller_id, house.listing_id).blocked
    assert line.obstacle is not None
    assert line.obstacle.code == "own_listing"


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (EntitlementState.GRANTED, "owned"),
        (EntitlementState.SUSPENDED, "in_dispute"),
        (EntitlementState.REVOKED, None),
    ],
)
def test_what_is_owned_is_named_and_what_was_given_back_can_be_bought_again(
    house: House, state: EntitlementState, code: str | None
) -> None:
    order = paid_checkout(house)
    settle(house.services, order.id)
    with house.work() as session:
        session.query(Entitlement).one().state = state
    shown = view(house, house.buyer_id, house.listing_id)
    assert [line.obstacle.code for line in shown.blocked if line.obstacle] == [code][
        : code is not None
    ]
    assert len(shown.payable) == (code is None)


def test_money_in_review_is_not_asked_for_again(house: House) -> None:
    order = paid_checkout(house)
    with house.work() as session:
        session.get_one(Order, order.id).state = OrderState.REVIEW
    (line,) = view(house, house.buyer_id, house.listing_id).blocked
    assert line.obstacle is not None
    assert "do not pay again" in line.obstacle.message


def test_what_was_bought_leaves_the_cart_by_itself_and_may_come_back(house: House) -> None:
    put(house, house.listing_id)
    settle(house.services, paid_checkout(house).id)
    assert items(house) == {}
    with house.work() as session:
        assert cart.count_of(session, house.buyer_id) == 0
        session.query(Entitlement).one().state = EntitlementState.REVOKED
    assert items(house) == {}  # a refund puts nothing back into the cart
    with frozen(now() + timedelta(seconds=5)):
        put(house, house.listing_id)
    assert items(house) == {house.listing_id: 299}


def test_merging_adds_what_is_new_and_keeps_what_is_there(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, third = other_listing(house), other_listing(house, 399)
    put(house, house.listing_id)
    guest = {house.listing_id: 199, new_id(): 299, other.id: 450, third.id: 399}
    monkeypatch.setattr(cart, "MAX_ITEMS", 2)
    with house.work() as session:
        assert cart.merge(session, house.buyer_id, guest) == 1
    # The first to be put in, the price of that time, and not more than a cart holds.
    assert items(house) == {house.listing_id: 299, other.id: 450}


def test_only_what_was_once_public_can_be_put_in(house: House) -> None:
    with house.work() as session:
        listing = session.get_one(Listing, house.listing_id)
        listing.state, listing.published_at = ListingState.IN_REVIEW, None
        session.flush()
        for listing_id in (house.listing_id, new_id(), "nonsense", "\x00"):
            with pytest.raises(NotFoundError):
                cart.candidate(session, house.buyer_id, listing_id)
