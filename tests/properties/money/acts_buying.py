"""What buyers do: shop, pay or not, come back, want their money back."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from sqlalchemy import select

from marketplace.listings.models import Listing
from marketplace.offers.bundles import make_bundle
from marketplace.offers.operations import Offer, make_code, start_sale
from marketplace.offers.pricing import Reduction
from marketplace.orders.bundling import bundle_offer
from marketplace.orders.checkout import CheckoutDetails, check_out
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.operations import settle
from marketplace.orders.quoting import Asked
from marketplace.orders.refunds import request_refund
from marketplace.orders.states import BUYERS_REASONS, OrderState
from tests.properties.money.acts import act
from tests.properties.money.town import PRICES, Town

CARDS = (
    *["pm_card_visa"] * 8,
    *["pm_card_bypassPending"] * 5,
    *["pm_card_gb", "pm_card_pendingRefund", "pm_card_refundFail"],
    *["pm_card_visa_chargeDeclined", "pm_card_authenticationRequired"],
    *["pm_card_createDispute", "pm_card_createInquiry", "pm_card_createIssuerFraudRecord"],
)
OPEN_SESSIONS = (
    "SELECT id FROM objects WHERE kind = 'checkout.session'"
    " AND json_extract(body, '$.status') = 'open' ORDER BY json_extract(body, '$.expires_at'), seq"
)


@act(12)
def shop(town: Town, rng: Random) -> str:
    """A buyer opens a hosted checkout for a few listings, or for one again."""
    buyer = rng.choice(town.buyers)
    several = rng.choices((1, 2, 3, 4), (5, 2, 2, 1))[0]
    sellers = rng.sample(town.sellers, min(several, len(town.sellers)))
    wanted = [rng.choice(seller.listings) for seller in sellers]
    if several > 1 and rng.random() < 0.2:  # two of one seller in one cart
        wanted += [one for one in sellers[0].listings if one not in wanted][:1]
    codes = rng.sample(town.codes, min(len(town.codes), rng.choice((0, 2, 5))))
    link = rng.choice(sellers).id if rng.random() < 0.2 else None
    asked = Asked(tuple(codes), link)
    check_out(town.services, buyer, wanted, CheckoutDetails(asked=asked))
    return f"{buyer} wants {len(wanted)} with {asked}"


@act(14, ours=False)
def pay(town: Town, rng: Random) -> str:
    """A buyer presses Pay on an open hosted page; nobody has told the marketplace yet."""
    open_ones = [row["id"] for row in town.world.store.rows(OPEN_SESSIONS)]
    if not open_ones:
        return ""
    session_id, card = rng.choice(open_ones), rng.choice(CARDS)
    attempt = town.bank.pay(session_id, card)
    if attempt.result == "challenge":
        attempt = town.bank.authenticate(session_id, passed=rng.random() < 0.8)
    return f"{session_id} by {card}: {attempt.result}"


@act(6)
def come_back(town: Town, rng: Random) -> str:
    """The return page: it settles at once, webhook or not."""
    rows = town.books.execute(
        "SELECT id FROM orders WHERE id = ANY(%s) AND state IN ('awaiting_payment', 'draft')"
        " ORDER BY created_at, id",
        [town.orders],
    ).fetchall()
    if not rows:
        return ""
    order_id = rng.choice(rows)[0] if rng.random() < 0.9 else rng.choice(town.orders)
    return f"{order_id} is {settle(town.services, order_id)}"


@act(0.5)
def change_price(town: Town, rng: Random) -> str:
    """A seller changes a price while checkouts may be open at the old one."""
    listing_id = rng.choice(rng.choice(town.sellers).listings)
    with town.work() as session:
        listing = session.get_one(Listing, listing_id)
        listing.price_cents = rng.choice(PRICES)
    return listing_id


@act(2)
def shop_bundle(town: Town, rng: Random) -> str:
    """A buyer opens a checkout for a bundle; now and then a seller has made a new one first."""
    if not town.bundles or rng.random() < 0.1:
        seller = rng.choice(town.sellers)
        chosen = rng.sample(seller.listings, min(len(seller.listings), rng.randint(2, 4)))
        with town.work() as session:
            whole = sum(session.get_one(Listing, one).price_cents for one in chosen)
            cents = rng.randint(99 * len(chosen), whole - 1)
            made = make_bundle(session, seller.id, "Together", chosen, cents).id
        town.bundles = [*town.bundles[-5:], made]
        return f"bundle {made} for {cents}"
    buyer, bundle_id = rng.choice(town.buyers), rng.choice(town.bundles)
    link = rng.choice(town.sellers).id if rng.random() < 0.2 else None
    with town.work() as session:
        offer = bundle_offer(session, buyer, bundle_id, link)
    if offer.obstacle is not None:
        return f"{buyer} cannot have {bundle_id}: {offer.obstacle.code}"
    asked = Asked(referrer_id=link, bundle_id=bundle_id)
    check_out(town.services, buyer, list(offer.quote.lines), CheckoutDetails(asked=asked))
    return f"{buyer} wants {bundle_id}"


@act(2.5)
def offer_less(town: Town, rng: Random) -> str:
    """A seller begins a timed sale, or gives a code away that few may use."""
    seller = rng.choice(town.sellers)
    some = rng.sample(seller.listings, 2) if len(seller.listings) > 2 else None
    reduction = rng.choice(
        (Reduction(percent=rng.randint(1, 50)), Reduction(off_cents=rng.randint(1, 100)))
    )
    ends = town.clock.moment + timedelta(minutes=rng.choice((1, 600, 20_000)))
    offer = Offer(reduction, some if rng.random() < 0.5 else None, None, ends)
    with town.work() as session:
        if rng.random() < 0.4:
            return f"sale {start_sale(session, seller.id, offer).id} of {reduction}"
        limits = rng.choice(((None, 1), (2, 1), (1, None), (3, 2)))
        code = make_code(session, seller.id, "", offer, *limits)
        town.codes = [*town.codes[-7:], code.label]
        return f"code {code.label} of {reduction}"


@act(2)
def ask_for_money(town: Town, rng: Random) -> str:
    """A buyer asks for the price of a line."""
    if not town.orders:
        return ""
    order_id = rng.choice(town.orders)
    with town.work() as session:
        order = session.get_one(Order, order_id)
        lines = select(OrderLine).where(OrderLine.order_id == order_id)
        line = rng.choice(session.scalars(lines.order_by(OrderLine.position)).all())
        if order.state in {OrderState.DRAFT, OrderState.AWAITING_PAYMENT}:
            return ""
        reason = rng.choice(BUYERS_REASONS)
        request_refund(session, town.services, line.id, order.buyer_id, reason, "")
    return line.id
