"""Which handler serves which type of event. What is not in the table is stored and ignored."""

from __future__ import annotations

from marketplace.core.container import Services
from marketplace.stripe_events.handlers import (
    Effect,
    Handler,
    account_changed,
    checkout_changed,
    payment_changed,
)
from marketplace.stripe_events.models import StripeEvent

HANDLERS: dict[str, Handler] = {
    "checkout.session.completed": checkout_changed,
    "checkout.session.expired": checkout_changed,
    "checkout.session.async_payment_succeeded": checkout_changed,
    "checkout.session.async_payment_failed": checkout_changed,
    "payment_intent.succeeded": payment_changed,
    "payment_intent.payment_failed": payment_changed,
    "payment_intent.canceled": payment_changed,
    # The charge's booking, and with it the fee, may be known only later.
    "charge.succeeded": payment_changed,
    "charge.updated": payment_changed,
    "account.updated": account_changed,
    "capability.updated": account_changed,
}


def prepare(services: Services, event: StripeEvent) -> Effect | None:
    """Ask Stripe what the event is about; returns what is to be done, or None for nothing.

    Raises:
        PaymentUnavailableError, PaymentError: Stripe did not say; try the event again.
    """
    handler = HANDLERS.get(event.type)
    return handler(services, event) if handler is not None else None
