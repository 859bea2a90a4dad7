"""From "Buy now" to a hosted checkout: row first, remote session second, its record third.

The two units of work are short; the outside call happens between them, without a transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.errors import ConflictError, NotFoundError, UnavailableError
from marketplace.core.money import Money
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.payments import (
    CheckoutItem,
    CheckoutRequest,
    CheckoutSession,
    PaymentError,
    PaymentUnavailableError,
    TransfersStatus,
)
from marketplace.listings.models import Listing
from marketplace.listings.states import ListingState
from marketplace.listings.tiers import Tier
from marketplace.orders.fees import split_price
from marketplace.orders.history import change_order, note_order
from marketplace.orders.locks import lock_buyer, lock_order
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.operations import settle
from marketplace.orders.queries import has_order_in_review, open_order_for, owned
from marketplace.orders.states import OrderAction, OrderState

LIFETIME = timedelta(minutes=40)
"""How long a checkout can be paid."""
SHORTEST_LIFETIME = timedelta(minutes=31)
"""Stripe wants thirty minutes at least when a session is opened; one more for slow answers."""
TIME_TO_PAY = timedelta(minutes=2)
"""A checkout with less time left than this is not handed out again."""

NOTHING_CHARGED = "The payment page cannot be opened right now; you have not been charged."
PAYMENT_IN_REVIEW = (
    "A payment of yours for this prompt has arrived and a person is looking at it. "
    "Please do not pay again; we will write to you."
)


@dataclass(frozen=True)
class CheckoutStart:
    """Where the buyer goes: the hosted page's address, or what they own already."""

    url: str | None = None
    entitlement_id: str | None = None


def start_checkout(services: Services, buyer_id: str, listing_id: str) -> CheckoutStart:
    """Open a hosted checkout for one listing, or hand out the one that is open already.

    Raises:
        NotFoundError: no such listing to be seen.
        ConflictError: it cannot be bought (one's own, withdrawn, its seller cannot be paid).
        UnavailableError: the payment provider does not answer or refuses; nothing was charged.
    """
    with unit_of_work(services.database) as session:
        buyer = lock_buyer(session, buyer_id)
        owned_already = owned(session, buyer_id, listing_id)
        if owned_already is not None:
            return CheckoutStart(entitlement_id=owned_already.id)
        if has_order_in_review(session, buyer_id, listing_id):
            raise ConflictError(PAYMENT_IN_REVIEW, "payment_in_review")
        listing = _buyable(session, buyer_id, listing_id)
        open_order = open_order_for(session, buyer_id, listing_id, now() + TIME_TO_PAY)
        outdated = None
        if open_order is not None and not _still_right(open_order, listing):
            outdated, open_order = open_order, None
        if open_order is not None and open_order.state is OrderState.AWAITING_PAYMENT:
            return CheckoutStart(url=open_order.checkout_url)
        if outdated is None:
            order = open_order or _new_order(session, buyer_id, listing)
            request = _request(services.settings.public_url, order, buyer.email)
    if outdated is not None:
        return _replace(services, outdated.id, buyer_id, listing_id)
    return CheckoutStart(url=_open_session(services, request))


def _buyable(session: Session, buyer_id: str, listing_id: str) -> Listing:
    listing = session.get(Listing, listing_id)
    if listing is None or listing.published_at is None:
        raise NotFoundError
    if listing.state is not ListingState.LIVE:
        raise ConflictError("This prompt is not for sale at the moment.", "not_for_sale")
    version = listing.live_version
    if version is not None and version.tier is Tier.ARCHIVED:
        raise ConflictError(
            "This prompt is for a model that has been switched off, so it is not for sale.",
            "model_retired",
        )
    if listing.seller_id == buyer_id:
        raise ConflictError("This is your own prompt: there is nothing to buy.", "own_listing")
    if listing.seller.transfers_status is not TransfersStatus.ACTIVE:
        raise ConflictError(
            "This prompt cannot be bought just now: its seller cannot receive payments yet.",
            "seller_not_ready",
        )
    return listing


def _still_right(order: Order, listing: Listing) -> bool:
    """Whether an open order still says what the listing says, with time enough to be paid."""
    line = order.lines[0]
    same = line.price_cents == listing.price_cents and line.version_id == listing.live_version_id
    if order.state is OrderState.DRAFT:
        return same and order.expires_at >= now() + SHORTEST_LIFETIME
    return same and order.checkout_url is not None


def _new_order(session: Session, buyer_id: str, listing: Listing) -> Order:
    price = Money(listing.price_cents, listing.currency)
    split = split_price(price)
    order = Order(
        buyer_id=buyer_id,
        state=OrderState.DRAFT,
        total_cents=price.cents,
        currency=price.currency,
        attempt=1,
        expires_at=_whole_seconds(now() + LIFETIME),
    )
    session.add(order)
    session.flush()
    session.add(
        OrderLine(
            order_id=order.id,
            listing_id=listing.id,
            version_id=listing.live_version_id,
            seller_id=listing.seller_id,
            title=listing.title,
            price_cents=price.cents,
            commission_cents=split.commission.cents,
            seller_cents=split.seller.cents,
            currency=price.currency,
        )
    )
    session.flush()
    return order


def _whole_seconds(moment: datetime) -> datetime:
    # Stripe counts in seconds, and a repeated call must send the very same parameters.
    return moment.replace(microsecond=0)


def _request(public_url: str, order: Order, buyer_email: str) -> CheckoutRequest:
    return CheckoutRequest(
        order_id=order.id,
        attempt=order.attempt,
        buyer_email=buyer_email,
        items=tuple(
            CheckoutItem(line.listing_id, line.title, Money(line.price_cents, line.currency))
            for line in order.lines
        ),
        success_url=f"{public_url}/checkout/done?sid={{CHECKOUT_SESSION_ID}}",
        cancel_url=f"{public_url}/checkout/cancelled?order={order.id}",
        expires_at=order.expires_at,
    )


def _open_session(services: Services, request: CheckoutRequest) -> str:
    try:
        remote = services.payments.create_checkout(request)
    except PaymentUnavailableError:
        # The order stays a draft: pressing again repeats the call under the same key.
        raise UnavailableError(NOTHING_CHARGED) from None
    except PaymentError as error:
        with unit_of_work(services.database) as session:
            _count_refusal(session, request, error.code)
        raise UnavailableError(NOTHING_CHARGED) from None
    with unit_of_work(services.database) as session:
        return _record_session(session, request.order_id, remote)


def _count_refusal(session: Session, request: CheckoutRequest, code: str) -> None:
    order = lock_order(session, request.order_id)
    if order.state is OrderState.DRAFT and order.attempt == request.attempt:
        # Stripe repeats a refusal for as long as it remembers the key; the next try needs another.
        order.attempt += 1
        note_order(session, order, "checkout_refused", code)


def _record_session(session: Session, order_id: str, remote: CheckoutSession) -> str:
    order = lock_order(session, order_id)
    if remote.url is None or order.checkout_session_id not in {None, remote.session_id}:
        raise ConflictError("This checkout is over. Please start again from the prompt's page.")
    if order.state is OrderState.DRAFT:
        change_order(session, order, OrderAction.OPEN_CHECKOUT, actor_id=order.buyer_id)
    elif order.state is not OrderState.AWAITING_PAYMENT:
        raise ConflictError("This checkout is over. Please start again from the prompt's page.")
    order.checkout_session_id, order.checkout_url = remote.session_id, remote.url
    return remote.url


def _replace(services: Services, order_id: str, buyer_id: str, listing_id: str) -> CheckoutStart:
    """Close a checkout whose price or version is out of date; whoever paid it keeps what they got.

    Only when the old one is closed for good is a new one opened, so that never two can be paid.
    """
    with unit_of_work(services.database) as session:
        order = lock_order(session, order_id)
        session_id = order.checkout_session_id
        if session_id is None:
            change_order(session, order, OrderAction.EXPIRE, "the listing changed")
    if session_id is not None:
        try:
            services.payments.expire_checkout(session_id)
            state = settle(services, order_id)
        except (PaymentUnavailableError, PaymentError):
            raise UnavailableError(NOTHING_CHARGED) from None
        if state is OrderState.AWAITING_PAYMENT:
            raise UnavailableError(NOTHING_CHARGED)
    return start_checkout(services, buyer_id, listing_id)
