"""Bundles at the checkout: one position, exact shares, what is owned taken out, refunds by line."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import now
from marketplace.core.errors import ConflictError, InvalidError
from marketplace.listings.models import Listing
from marketplace.listings.states import ListingState
from marketplace.offers.bundles import make_bundle, withdraw_bundle
from marketplace.offers.operations import Offer, start_sale
from marketplace.offers.pricing import Reduction
from marketplace.orders import checkout
from marketplace.orders.bundling import bundle_offer
from marketplace.orders.checkout import CheckoutDetails, check_out
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.operations import settle
from marketplace.orders.quoting import Asked
from marketplace.orders.refunds import refund_lines
from marketplace.orders.states import OrderState, RefundReason
from tests.factories.orders import make_live_listing
from tests.fixtures.buying import House
from tests.unit.orders.buying_steps import browser_of, pay

TICKED = {"terms": "y"}


@pytest.fixture
def trio(house: House) -> list[str]:
    """Three listings of the house's seller: $2.99, $4.99 and $1.99."""
    with house.work() as session:
        seller = session.get_one(SellerProfile, house.seller_id)
        return [
            house.listing_id,
            *(make_live_listing(session, seller, cents).id for cents in (499, 199)),
        ]


def bundle(house: House, listing_ids: list[str], cents: int = 700) -> str:
    with house.work() as session:
        return make_bundle(session, house.seller_id, "All foxes", listing_ids, cents).id


def buy(house: House, bundle_id: str, listing_ids: list[str]) -> str:
    details = CheckoutDetails(asked=Asked(bundle_id=bundle_id))
    return check_out(house.services, house.buyer_id, listing_ids, details)


def lines(house: House) -> dict[str, OrderLine]:
    with house.work() as session:
        newest = session.scalars(select(Order).order_by(Order.created_at.desc())).first()
        return {line.listing_id: line for line in newest.lines}


def test_its_price_is_divided_to_the_cent_and_refunded_by_line(
    house: House, trio: list[str]
) -> None:
    bundle_id = bundle(house, trio)
    url = buy(house, bundle_id, trio)
    found = lines(house)
    # 700 by 299 : 499 : 199 of 997 is 209.93, 350.35 and 139.72.
    assert [found[one].price_cents for one in trio] == [210, 350, 140]
    assert [found[one].commission_cents for one in trio] == [42, 70, 28]
    assert {line.bundle_id for line in found.values()} == {bundle_id}
    assert found[trio[1]].discount_cents == 149
    house.bank.pay(url)
    order_id = found[trio[0]].order_id
    assert settle(house.services, order_id) is OrderState.PAID
    house.run_jobs()
    assert sorted(one["amount"] for one in house.bank.transfers(order_id)) == [112, 168, 280]
    with house.work() as session:
        part = {found[trio[1]].id: None}
        refund_lines(session, house.services, order_id, part, RefundReason.DOES_NOT_WORK, "", None)
    house.run_jobs()
    refunded = lines(house)[trio[1]]
    assert (refunded.refunded_cents, refunded.refunded_seller_cents) == (350, 280)


def test_what_somebody_owns_is_taken_out_with_its_share(house: House, trio: list[str]) -> None:
    bundle_id = bundle(house, trio)
    house.bank.pay(check_out(house.services, house.buyer_id, trio[1:2]))
    settle(house.services, lines(house)[trio[1]].order_id)
    with house.work() as session:
        offer = bundle_offer(session, house.buyer_id, bundle_id)
        assert (offer.price_cents, offer.single_cents) == (350, 498)
        assert [one.id for one in offer.owned] == [trio[1]]
        assert bundle_offer(session, None, bundle_id).price_cents == 700
    with pytest.raises(ConflictError, match="You own this prompt already"):
        buy(house, bundle_id, trio)
    buy(house, bundle_id, [trio[0], trio[2]])
    assert [lines(house)[one].price_cents for one in (trio[0], trio[2])] == [210, 140]


def test_nobody_picks_the_cheap_half_of_it(house: House, trio: list[str]) -> None:
    bundle_id = bundle(house, trio)
    with pytest.raises(ConflictError, match="This bundle has changed"):
        buy(house, bundle_id, trio[:2])
    other = bundle(house, trio[:2], 400)
    with pytest.raises(ConflictError, match="This bundle has changed"):
        buy(house, other, trio)


def test_why_a_bundle_cannot_be_had(house: House, trio: list[str]) -> None:
    bundle_id = bundle(house, trio)

    def reason(buyer_id: str | None = None) -> str:
        with house.work() as session:
            obstacle = bundle_offer(session, buyer_id, bundle_id).obstacle
            return obstacle.message if obstacle else ""

    assert reason() == ""
    assert "your own prompt" in reason(house.seller_id)
    with house.work() as session:
        offer = Offer(Reduction(percent=40), None, None, now() + timedelta(hours=1))
        start_sale(session, house.seller_id, offer)
    assert "the bundle saves nothing" in reason()
    with house.work() as session:
        session.get_one(Listing, trio[2]).state = ListingState.WITHDRAWN
    assert "not for sale" in reason()
    with house.work() as session:
        assert withdraw_bundle(session, house.seller_id, bundle_id)
        assert not withdraw_bundle(session, house.seller_id, bundle_id)
    assert "not offered any more" in reason()
    with pytest.raises(ConflictError, match=r"not (offered any more|for sale)"):
        buy(house, bundle_id, trio)


def test_what_a_bundle_cannot_be(house: House, trio: list[str]) -> None:
    for chosen, cents, words in (
        (trio[:1], 250, "2 to 10 prompts"),
        ([*trio, house.buyer_id], 700, "on sale"),
        (trio, 997, "cost \\$9.97 one by one"),
        (trio, 296, "at least \\$2.97"),
    ):
        with pytest.raises(InvalidError, match=words):
            bundle(house, chosen, cents)


def test_less_than_the_smallest_charge_is_said(
    house: House, trio: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkout, "SMALLEST_CHARGE_CENTS", 701)
    with pytest.raises(ConflictError, match=r"cannot be less than \$0\.50"):
        buy(house, bundle(house, trio), trio)


def test_by_its_pages(house: House, trio: list[str]) -> None:
    bundle_id = bundle(house, trio)
    buyer = browser_of(house, house.buyer_id)
    for path in (
        f"/bundles/{bundle_id}",
        f"/p/paper-fox-{trio[0]}",
        f"/s/seller-{house.seller_id}",
    ):
        page = buyer.get(path).text
        assert "All foxes" in page
        assert "$7.00" in page
        assert "$9.97" in page
    review = buyer.get(f"/checkout/bundle/{bundle_id}").text
    assert "Pay $7.00" in review
    assert buyer.post(f"/checkout/bundle/{bundle_id}", data={}).status_code == 422
    stale = TICKED | {"seen": f"{trio[0]}:1"}
    assert buyer.post(f"/checkout/bundle/{bundle_id}", data=stale).status_code == 409
    answer = buyer.post(f"/checkout/bundle/{bundle_id}", data=TICKED)
    assert answer.status_code == 303
    done = buyer.get(pay(house, answer.location))
    assert "Bundle “All foxes”" in buyer.get(done.location).text
    assert "You own all of these" in buyer.get(f"/bundles/{bundle_id}").text
    stranger = browser_of(house, None)
    assert "Buy the bundle" in stranger.get(f"/bundles/{bundle_id}").text
    assert stranger.get("/bundles/0000000000000").status_code == 404
    assert stranger.get(f"/checkout/bundle/{bundle_id}").status_code == 302
