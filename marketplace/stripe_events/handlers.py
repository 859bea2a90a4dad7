"""What events lead to. An event is a hint: the object it names is fetched, and that is believed.

A handler reads from Stripe without a transaction and returns the effect on our rows, or None
when the event does not concern us. So the order in which events arrive does not matter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.container import Services
from marketplace.core.ids import is_id
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.payments import CheckoutSession, TransfersStatus
from marketplace.orders.models import Order
from marketplace.orders.operations import fetch_checkout, record_checkout
from marketplace.orders.transfers import release_held
from marketplace.stripe_events.models import StripeEvent

Effect = Callable[[Session], None]
Handler = Callable[[Services, StripeEvent], Effect | None]


def checkout_changed(services: Services, event: StripeEvent) -> Effect | None:
    """A hosted checkout was paid or has expired."""
    if event.object_id is None:
        return None
    checkout = services.payments.retrieve_checkout(event.object_id)
    order_id = checkout.order_id
    if order_id is None or not _is_ours(services, order_id):
        return None  # another system's checkout on the same Stripe account
    return _recording(services, order_id, checkout)


def payment_changed(services: Services, event: StripeEvent) -> Effect | None:
    """Something happened to a payment or its charge: look at the order's checkout again."""
    order_id = _metadata(event).get("order_id")
    if not isinstance(order_id, str) or not _is_ours(services, order_id):
        return None
    checkout = fetch_checkout(services, order_id)
    return None if checkout is None else _recording(services, order_id, checkout)


def account_changed(services: Services, event: StripeEvent) -> Effect | None:
    """A seller's account became able, or unable, to receive transfers."""
    account_id = event.account or event.object_id
    if account_id is None:
        return None

    def effect(session: Session) -> None:
        seller = session.scalar(
            select(SellerProfile)
            .where(SellerProfile.stripe_account_id == account_id)
            .with_for_update(key_share=True, of=SellerProfile)
        )
        if seller is None:
            return  # opened a moment ago: the seller's return from onboarding asks as well
        # Asked under the lock, unlike everywhere else: a status changes back and forth, and an
        # old answer must not be written over a newer one.
        seller.transfers_status = services.payments.transfers_status(account_id)
        if seller.transfers_status is TransfersStatus.ACTIVE:
            release_held(session, services.queue, seller.user_id)

    return effect


def _recording(services: Services, order_id: str, checkout: CheckoutSession) -> Effect:
    def effect(session: Session) -> None:
        record_checkout(session, services, order_id, checkout)

    return effect


def _is_ours(services: Services, order_id: str) -> bool:
    if not is_id(order_id):
        return False
    with unit_of_work(services.database) as session:
        return session.get(Order, order_id) is not None


def _metadata(event: StripeEvent) -> dict[str, Any]:
    subject = event.payload.get("data", {}).get("object", {})
    return subject.get("metadata") or {}
