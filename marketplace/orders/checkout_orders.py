"""The rows behind a checkout: what was agreed, at which prices, and what Stripe is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from marketplace.core.clock import now
from marketplace.core.money import Money
from marketplace.gateways.payments import CheckoutItem, CheckoutRequest
from marketplace.orders.billing import BillingDetails, write_billing
from marketplace.orders.fees import split_price, without_commission
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.quoting import NOTHING_ASKED, Asked, LineTerms
from marketplace.orders.states import OrderState
from marketplace.settings import Settings

LIFETIME = timedelta(minutes=40)
"""How long a checkout can be paid."""
SHORTEST_LIFETIME = timedelta(minutes=31)
"""Stripe wants thirty minutes at least when a session is opened; one more for slow answers."""
TIME_TO_PAY = timedelta(minutes=2)
"""A checkout with less time left than this is not handed out again."""


@dataclass(frozen=True)
class CheckoutDetails:
    """What a buyer says on the way to the payment page."""

    terms_version: str | None = None
    """The version of the terms of instant delivery that was accepted just now."""
    billing: BillingDetails | None = None
    """None where nobody was asked: what an open order says stays."""
    address_hash: str | None = None
    """Of orders.risk.address_hash; never the network address itself."""
    prices: Mapping[str, int] | None = None
    """Cents by listing id as the buyer saw them; None where nothing was shown."""
    asked: Asked = NOTHING_ASKED
    """Codes that were typed, and by whose link the buyer came."""


def open_orders(session: Session, buyer_id: str, listing_ids: Sequence[str]) -> list[Order]:
    """The buyer's orders that hold any of the listings and may still be paid, newest first.

    Each is locked: while the caller decides, no payment of them is settled.
    """
    holding = select(OrderLine.order_id).where(OrderLine.listing_id.in_(listing_ids))
    return list(
        session.scalars(
            select(Order)
            .where(
                Order.buyer_id == buyer_id,
                Order.id.in_(holding),
                Order.state.in_([OrderState.DRAFT, OrderState.AWAITING_PAYMENT]),
                Order.expires_at > now(),
            )
            .options(selectinload(Order.lines))
            .order_by(Order.created_at.desc(), Order.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    )


def still_right(order: Order, terms: Sequence[LineTerms]) -> bool:
    """Whether an open order says what would be agreed today, with time enough to be paid."""
    agreed = {
        (
            line.listing_id,
            line.version_id,
            line.price_cents,
            line.sale_id,
            line.code_id,
            line.bundle_id,
            line.referred,
        )
        for line in order.lines
    }
    if agreed != {one.said for one in terms}:
        return False
    if order.state is OrderState.DRAFT:
        return order.expires_at >= now() + SHORTEST_LIFETIME
    return order.checkout_url is not None and order.expires_at > now() + TIME_TO_PAY


def new_order(
    session: Session, buyer_id: str, terms: Sequence[LineTerms], details: CheckoutDetails
) -> Order:
    """A draft with a line for each listing; from here on its prices and shares stand."""
    order = Order(
        buyer_id=buyer_id,
        state=OrderState.DRAFT,
        total_cents=sum(one.price_cents for one in terms),
        currency=terms[0].listing.currency,
        attempt=1,
        expires_at=_whole_seconds(now() + LIFETIME),
    )
    agree(order, details)
    session.add(order)
    session.flush()
    session.add_all(_line(order, one, position) for position, one in enumerate(terms))
    session.flush()
    session.refresh(order, ["lines"])
    return order


def agree(order: Order, details: CheckoutDetails) -> None:
    """Write down what the buyer said; until it is paid, saying it again replaces it."""
    if details.terms_version is not None:
        order.terms_accepted_at, order.terms_version = now(), details.terms_version
    if details.address_hash is not None:
        order.buyer_address_hash = details.address_hash
    if details.billing is not None:
        write_billing(order, details.billing)


def can_be_continued(order: Order) -> bool:
    """Whether the buyer can go back to an order's payment page."""
    return (
        order.state is OrderState.AWAITING_PAYMENT
        and order.checkout_url is not None
        and order.expires_at > now()
    )


def request_for(
    settings: Settings, order: Order, buyer_email: str, secure: bool
) -> CheckoutRequest:
    """What Stripe is asked to open; the same for the same order, as its key demands."""
    return CheckoutRequest(
        order_id=order.id,
        attempt=order.attempt,
        buyer_email=buyer_email,
        items=tuple(
            CheckoutItem(line.listing_id, line.title, Money(line.price_cents, line.currency))
            for line in order.lines
        ),
        success_url=f"{settings.public_url}/checkout/done?sid={{CHECKOUT_SESSION_ID}}",
        cancel_url=f"{settings.public_url}/checkout/cancelled?order={order.id}",
        expires_at=order.expires_at,
        automatic_tax=settings.stripe_tax,
        secure=secure,
    )


def _line(order: Order, terms: LineTerms, position: int) -> OrderLine:
    listing = terms.listing
    price = Money(terms.price_cents, listing.currency)
    split = without_commission(price) if terms.referred else split_price(price)
    return OrderLine(
        order_id=order.id,
        listing_id=listing.id,
        version_id=listing.live_version_id,
        seller_id=listing.seller_id,
        title=listing.title,
        position=position,
        price_cents=price.cents,
        discount_cents=terms.discount_cents,
        sale_id=terms.sale.sale_id if terms.sale else None,
        code_id=terms.code.id if terms.code else None,
        bundle_id=terms.bundle.id if terms.bundle else None,
        referred=terms.referred,
        commission_cents=split.commission.cents,
        seller_cents=split.seller.cents,
        currency=price.currency,
    )


def _whole_seconds(moment: datetime) -> datetime:
    # Stripe counts in seconds, and a repeated call must send the very same parameters.
    return moment.replace(microsecond=0)
