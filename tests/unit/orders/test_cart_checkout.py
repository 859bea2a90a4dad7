"""One hosted checkout for a cart: prices that stand, one payment, and never two for one thing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from marketplace.core.errors import ConflictError, NotFoundError, UnavailableError
from marketplace.core.ids import new_id
from marketplace.listings.models import Listing
from marketplace.listings.states import ListingState
from marketplace.orders.billing import BillingDetails
from marketplace.orders.checkout import CheckoutDetails, check_out, start_checkout
from marketplace.orders.models import Entitlement, Order, OrderLine
from marketplace.orders.operations import settle
from marketplace.orders.states import OrderState
from tests.factories.orders import make_buyer
from tests.fixtures.buying import House
from tests.unit.orders.buying_steps import count, other_listing, paid_checkout


def orders(house: House) -> list[Order]:
    with house.work() as session:
        found = list(session.scalars(select(Order).order_by(Order.created_at)))
        for order in found:
            assert order.lines  # loaded while there is a session
        return found


def test_two_sellers_one_payment(house: House) -> None:
    other = other_listing(house, 499)
    url = check_out(house.services, house.buyer_id, [house.listing_id, other.id])
    (order,) = orders(house)
    assert (order.state, order.total_cents) == (OrderState.AWAITING_PAYMENT, 798)
    assert [(line.position, line.price_cents, line.commission_cents) for line in order.lines] == [
        (0, 299, 60),
        (1, 499, 100),
    ]
    (session_at_bank,) = house.bank.sessions(order.id)
    assert session_at_bank["amount_total"] == 798
    house.bank.pay(url)
    assert settle(house.services, order.id) is OrderState.PAID
    house.run_jobs()
    assert count(house, Entitlement) == 2
    assert sorted(t["amount"] for t in house.bank.transfers(order.id)) == [239, 399]


def test_the_same_cart_gets_the_same_checkout_in_any_order(house: House) -> None:
    other = other_listing(house)
    first = check_out(house.services, house.buyer_id, [house.listing_id, other.id])
    assert check_out(house.services, house.buyer_id, [other.id, house.listing_id]) == first
    assert len(orders(house)) == 1


def test_two_tabs_at_the_same_moment_get_the_same_checkout(house: House) -> None:
    wanted = [house.listing_id, other_listing(house).id]
    other_tab: list[str] = []
    house.payments.before["create_checkout"] = lambda: other_tab.append(
        check_out(house.services, house.buyer_id, wanted)
    )
    assert check_out(house.services, house.buyer_id, wanted) == other_tab[0]
    (order,) = orders(house)
    assert len(house.bank.sessions(order.id)) == 1


def test_a_cart_that_holds_it_too_closes_the_checkout_of_one(house: House) -> None:
    single = start_checkout(house.services, house.buyer_id, house.listing_id).url
    url = check_out(house.services, house.buyer_id, [house.listing_id, other_listing(house).id])
    assert [order.state for order in orders(house)] == [
        OrderState.EXPIRED,
        OrderState.AWAITING_PAYMENT,
    ]
    assert house.bank.pay(str(single)).status_code == 410
    assert house.bank.pay(url).status_code == 303


def test_carts_without_anything_in_common_stay_open_side_by_side(house: House) -> None:
    check_out(house.services, house.buyer_id, [house.listing_id])
    check_out(house.services, house.buyer_id, [other_listing(house).id])
    assert [o.state for o in orders(house)] == [OrderState.AWAITING_PAYMENT] * 2


def test_a_checkout_paid_meanwhile_is_honoured_and_its_part_is_named(house: House) -> None:
    paid = paid_checkout(house)
    other = other_listing(house)
    with pytest.raises(ConflictError, match="“Paper fox”: You own this prompt already"):
        check_out(house.services, house.buyer_id, [house.listing_id, other.id])
    assert [order.state for order in orders(house)] == [OrderState.PAID]
    assert orders(house)[0].id == paid.id


def test_every_obstacle_is_named_and_nothing_is_bought(house: House) -> None:
    first, second = other_listing(house, title="First"), other_listing(house, title="Second")
    with house.work() as session:
        for listing in (first, second):
            session.get_one(Listing, listing.id).state = ListingState.WITHDRAWN
    with pytest.raises(ConflictError, match=r"“First”: .* “Second”: "):
        check_out(house.services, house.buyer_id, [house.listing_id, first.id, second.id])
    assert orders(house) == []


def test_sellers_cannot_buy_their_own_in_a_cart_either(house: House) -> None:
    with pytest.raises(ConflictError, match="your own"):
        check_out(house.services, house.seller_id, [house.listing_id, other_listing(house).id])


def test_unknown_listings_and_empty_carts(house: House) -> None:
    for wanted in ([], [new_id()], [house.listing_id, new_id()]):
        with pytest.raises(NotFoundError):
            check_out(house.services, house.buyer_id, wanted)
    assert orders(house) == []


def test_a_price_other_than_the_one_seen_is_not_charged(house: House) -> None:
    details = CheckoutDetails(prices={house.listing_id: 199})
    with pytest.raises(ConflictError, match="price has changed") as refusal:
        start_checkout(house.services, house.buyer_id, house.listing_id, details)
    assert refusal.value.code == "price_changed"
    assert orders(house) == []


def test_prices_stand_once_the_checkout_is_open(house: House) -> None:
    other = other_listing(house)
    url = check_out(house.services, house.buyer_id, [house.listing_id, other.id])
    with house.work() as session:
        session.get_one(Listing, other.id).price_cents = 399
    house.bank.pay(url)
    (order,) = orders(house)
    assert settle(house.services, order.id) is OrderState.PAID
    assert orders(house)[0].total_cents == 798


def test_what_the_buyer_said_is_kept_and_said_again_it_replaces(house: House) -> None:
    ann = BillingDetails(name="Ann", country="US", tax_id="12-345")
    first = CheckoutDetails("2026-11-21", ann, "a" * 64)
    start_checkout(house.services, house.buyer_id, house.listing_id, first)
    start_checkout(house.services, house.buyer_id, house.listing_id)  # says nothing new
    (order,) = orders(house)
    assert (order.billing_name, order.billing_tax_id) == ("Ann", "12-345")
    assert (order.terms_version, order.buyer_address_hash) == ("2026-11-21", "a" * 64)
    blank = CheckoutDetails("2026-11-21", BillingDetails(), "b" * 64)
    start_checkout(house.services, house.buyer_id, house.listing_id, blank)
    (order,) = orders(house)
    assert (order.billing_name, order.billing_country) == (None, None)


def test_when_stripe_is_away_the_cart_can_be_tried_again(house: House) -> None:
    wanted = [house.listing_id, other_listing(house).id]
    house.bank.faults({"path": "/v1/checkout/sessions", "action": "500", "times": 3})
    with pytest.raises(UnavailableError, match="not been charged"):
        check_out(house.services, house.buyer_id, wanted)
    house.bank.faults()
    check_out(house.services, house.buyer_id, wanted)
    assert [(o.state, o.attempt) for o in orders(house)] == [(OrderState.AWAITING_PAYMENT, 1)]


def test_a_first_purchase_of_some_size_asks_for_3d_secure(house: House) -> None:
    settings = house.services.settings.model_copy(update={"secure_from_cents": 400})
    services = replace(house.services, settings=settings)
    dear = other_listing(house, 499)
    with house.work() as session:
        stranger = make_buyer(session).id

    def asked(buyer_id: str, listing_id: str) -> bool:
        check_out(services, buyer_id, [listing_id])
        with house.work() as session:
            order = session.scalars(select(Order).order_by(Order.created_at.desc())).first()
            assert order is not None
            (hosted,) = house.bank.sessions(order.id)
        options = hosted["payment_method_options"] or {}
        return bool((options.get("card") or {}).get("request_three_d_secure") == "any")

    assert asked(stranger, dear.id)
    assert not asked(stranger, house.listing_id)
    settle(house.services, paid_checkout(house).id)
    assert not asked(house.buyer_id, dear.id)


def test_lines_are_one_row_each(house: House) -> None:
    check_out(house.services, house.buyer_id, [house.listing_id, house.listing_id])
    assert count(house, OrderLine) == 1
