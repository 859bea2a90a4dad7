"""From a cart, or "Buy now", to a hosted checkout: row first, remote session second, record third.

The units of work are short; outside calls happen between them, without a transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.core.errors import ConflictError, NotFoundError, UnavailableError
from marketplace.core.money import Money
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.payments import (
    CheckoutRequest,
    CheckoutSession,
    PaymentError,
    PaymentUnavailableError,
)
from marketplace.listings.models import Listing
from marketplace.offers.pricing import SMALLEST_CHARGE_CENTS
from marketplace.orders import checkout_orders as rows
from marketplace.orders import risk
from marketplace.orders.alerts import note_refusal
from marketplace.orders.bundling import quote_bundle
from marketplace.orders.buyable import PAYMENT_IN_REVIEW, Candidate, candidates
from marketplace.orders.checkout_orders import CheckoutDetails
from marketplace.orders.history import change_order, note_order
from marketplace.orders.locks import lock_buyer, lock_order
from marketplace.orders.operations import settle
from marketplace.orders.quoting import Asked, Quote, quote
from marketplace.orders.states import OrderAction, OrderState

NOTHING_CHARGED = "The payment page cannot be opened right now; you have not been charged."
OVER = "This checkout is over. Please start again."
PRICE_CHANGED = "A price has changed since you opened the page. Look at the sum and press again."
TOO_SMALL = (
    f"A card payment cannot be less than {Money(SMALLEST_CHARGE_CENTS)}. Put something else in "
    "your cart and pay for all of it at once."
)
TRIES = 4
"""Rounds of closing what is outdated: each round another tab may have opened something new."""

__all__ = [
    "NOTHING_CHARGED",
    "PAYMENT_IN_REVIEW",
    "CheckoutDetails",
    "CheckoutStart",
    "check_out",
    "start_checkout",
]


@dataclass(frozen=True)
class CheckoutStart:
    """Where the buyer goes: the hosted page's address, or what they own already."""

    url: str | None = None
    entitlement_id: str | None = None


class OwnedError(ConflictError):
    """The only thing wanted is owned already, and may be used."""

    def __init__(self, message: str, entitlement_id: str) -> None:
        super().__init__(message, "owned")
        self.entitlement_id = entitlement_id


@dataclass(frozen=True)
class _Step:
    """What comes next: go to ``url``, open ``request``, or close ``outdated`` and look again."""

    url: str | None = None
    request: CheckoutRequest | None = None
    outdated: Sequence[str] = ()


def start_checkout(
    services: Services,
    buyer_id: str,
    listing_id: str,
    details: CheckoutDetails = CheckoutDetails(),  # noqa: B008 - a frozen value
) -> CheckoutStart:
    """Open a hosted checkout for one listing, or hand out the one that is open already.

    Raises:
        NotFoundError: no such listing to be seen.
        ConflictError: it cannot be bought (one's own, withdrawn, its seller cannot be paid), or
            its price is not the one seen, or too many cards were refused ("too_many_attempts").
        UnavailableError: the payment provider does not answer or refuses; nothing was charged.
    """
    try:
        return CheckoutStart(url=check_out(services, buyer_id, [listing_id], details))
    except OwnedError as error:
        return CheckoutStart(entitlement_id=error.entitlement_id)


def check_out(
    services: Services,
    buyer_id: str,
    listing_ids: Sequence[str],
    details: CheckoutDetails = CheckoutDetails(),  # noqa: B008 - a frozen value
) -> str:
    """Open one hosted checkout for several listings; returns its address.

    The same listings at the same prices give the checkout that is open already. Other open
    checkouts that hold any of them are closed first, so that nothing can be paid twice.

    Raises:
        NotFoundError, ConflictError, UnavailableError: as ``start_checkout``; what cannot be
            bought is named, and no part of the cart is bought without the rest.
    """
    for _ in range(TRIES):
        with unit_of_work(services.database) as session:
            step = _next_step(session, services, buyer_id, listing_ids, details)
        if step.url is not None:
            return step.url
        if step.request is not None:
            return _open_session(services, step.request)
        for order_id in step.outdated:
            _close(services, order_id)
    raise UnavailableError(NOTHING_CHARGED)


def _next_step(
    session: Session,
    services: Services,
    buyer_id: str,
    listing_ids: Sequence[str],
    details: CheckoutDetails,
) -> _Step:
    buyer = lock_buyer(session, buyer_id)
    listings = _buyable(candidates(session, buyer_id, list(dict.fromkeys(listing_ids))))
    if {listing.id for listing in listings} != set(listing_ids) or not listings:
        raise NotFoundError
    open_orders = rows.open_orders(session, buyer_id, [listing.id for listing in listings])
    besides = [order.id for order in open_orders]
    quoted = _quote(session, buyer_id, listings, details.asked, besides)
    _check_prices(quoted, details.prices)
    terms = list(quoted.lines.values())
    matching, outdated = None, []
    for order in open_orders:
        if matching is None and rows.still_right(order, terms):
            matching = order
        else:
            outdated.append(order.id)
    if outdated:
        return _Step(outdated=outdated)
    risk.check_checkout(session, services.settings, buyer_id, details.address_hash)
    if matching is not None:
        rows.agree(matching, details)
        if matching.state is OrderState.AWAITING_PAYMENT:
            return _Step(url=str(matching.checkout_url))
    order = matching or rows.new_order(session, buyer_id, terms, details)
    secure = risk.wants_secure(session, services.settings, buyer_id, order.total_cents)
    return _Step(request=rows.request_for(services.settings, order, buyer.email, secure))


def _quote(
    session: Session,
    buyer_id: str,
    listings: Sequence[Listing],
    asked: Asked,
    besides: Sequence[str],
) -> Quote:
    if asked.bundle_id is None:
        return quote(session, buyer_id, listings, asked, besides, hold=True)
    return quote_bundle(session, buyer_id, asked.bundle_id, listings, asked.referrer_id)


def _buyable(found: Sequence[Candidate]) -> list[Listing]:
    """The listings, if all of them can be bought.

    Raises:
        ConflictError: with each that cannot, by name and in words.
    """
    refused = [(each.listing, each.obstacle) for each in found if each.obstacle is not None]
    if not refused:
        return [each.listing for each in found]
    obstacle = refused[0][1]
    if len(found) == 1:
        if obstacle.entitlement_id is not None:
            raise OwnedError(obstacle.message, obstacle.entitlement_id)
        raise ConflictError(obstacle.message, obstacle.code)
    raise ConflictError(
        " ".join(f"“{listing.title}”: {obstacle.message}" for listing, obstacle in refused),
        obstacle.code,
    )


def _check_prices(quoted: Quote, seen: Mapping[str, int] | None) -> None:
    """Nobody is charged what they have not seen, nor asked for what cannot be charged."""
    if seen is not None and seen != quoted.prices:
        raise ConflictError(PRICE_CHANGED, "price_changed")
    if sum(quoted.prices.values()) < SMALLEST_CHARGE_CENTS:
        raise ConflictError(TOO_SMALL, "too_small")


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
        note_refusal(session, code, order.id, order.id)


def _record_session(session: Session, order_id: str, remote: CheckoutSession) -> str:
    order = lock_order(session, order_id)
    if remote.url is None or order.checkout_session_id not in {None, remote.session_id}:
        raise ConflictError(OVER)
    if order.state is OrderState.DRAFT:
        change_order(session, order, OrderAction.OPEN_CHECKOUT, actor_id=order.buyer_id)
    elif order.state is not OrderState.AWAITING_PAYMENT:
        raise ConflictError(OVER)
    order.checkout_session_id, order.checkout_url = remote.session_id, remote.url
    return remote.url


def _close(services: Services, order_id: str) -> None:
    """Close a checkout that is out of date; whoever paid it meanwhile keeps what they got.

    Only when the old one is closed for good is a new one opened, so that never two can be paid.
    """
    with unit_of_work(services.database) as session:
        order = lock_order(session, order_id)
        session_id = order.checkout_session_id
        if session_id is None and order.state is OrderState.DRAFT:
            change_order(session, order, OrderAction.EXPIRE, "the cart changed")
    if session_id is None:
        return
    try:
        services.payments.expire_checkout(session_id)
        state = settle(services, order_id)
    except (PaymentUnavailableError, PaymentError):
        raise UnavailableError(NOTHING_CHARGED) from None
    if state is OrderState.AWAITING_PAYMENT:
        raise UnavailableError(NOTHING_CHARGED)
