"""Which handler serves which type of event. What is not in the table is stored and ignored."""

from __future__ import annotations

from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.orders.alerts import AlertKind, raise_alert
from marketplace.stripe_events.account_handlers import (
    account_changed,
    balance_available,
    payout_changed,
)
from marketplace.stripe_events.handlers import (
    Effect,
    Handler,
    charge_refunded,
    checkout_changed,
    dispute_changed,
    payment_changed,
    payment_failed,
    refund_changed,
    review_opened,
    transfer_changed,
    warning_came,
)
from marketplace.stripe_events.models import StripeEvent

PLATFORM_HANDLERS: dict[str, Handler] = {
    "checkout.session.completed": checkout_changed,
    "checkout.session.expired": checkout_changed,
    "checkout.session.async_payment_succeeded": checkout_changed,
    "checkout.session.async_payment_failed": checkout_changed,
    "payment_intent.succeeded": payment_changed,
    "payment_intent.payment_failed": payment_failed,
    "payment_intent.canceled": payment_changed,
    # The charge's booking, and with it the fee, may be known only later.
    "charge.succeeded": payment_changed,
    "charge.updated": payment_changed,
    "charge.refunded": charge_refunded,
    "charge.refund.updated": refund_changed,
    "refund.created": refund_changed,
    "refund.updated": refund_changed,
    "refund.failed": refund_changed,
    "charge.dispute.created": dispute_changed,
    "charge.dispute.updated": dispute_changed,
    "charge.dispute.closed": dispute_changed,
    "charge.dispute.funds_withdrawn": dispute_changed,
    "charge.dispute.funds_reinstated": dispute_changed,
    "radar.early_fraud_warning.created": warning_came,
    "radar.early_fraud_warning.updated": warning_came,
    "review.opened": review_opened,
    "transfer.created": transfer_changed,
    "transfer.updated": transfer_changed,
    "transfer.reversed": transfer_changed,
}
"""Events of our own account."""
BOTH_HANDLERS: dict[str, Handler] = {
    "payout.created": payout_changed,
    "payout.updated": payout_changed,
    "payout.paid": payout_changed,
    "payout.failed": payout_changed,
    "payout.canceled": payout_changed,
    "balance.available": balance_available,
}
"""Events of our own account and of sellers'."""
ACCOUNT_HANDLERS: dict[str, Handler] = {
    "account.updated": account_changed,
    "account.application.deauthorized": account_changed,
    "capability.updated": account_changed,
    "v2.core.account.updated": account_changed,
    "v2.core.account.closed": account_changed,
    "v2.core.account[requirements].updated": account_changed,
    "v2.core.account[configuration.recipient].updated": account_changed,
    "v2.core.account[configuration.recipient].capability_status_updated": account_changed,
}
"""Events of sellers' accounts."""
HANDLERS = PLATFORM_HANDLERS | BOTH_HANDLERS | ACCOUNT_HANDLERS
FETCHED_TYPES = tuple(sorted({*PLATFORM_HANDLERS, *BOTH_HANDLERS}))
"""What is asked for when deliveries have failed."""

FAMILIES = (
    *("account", "application_fee", "balance", "balance_settings", "capability", "charge"),
    *("checkout", "customer", "payment_intent", "payment_method", "payout", "person", "radar"),
    *("refund", "review", "transfer", "v2"),
)
"""Beginnings of types that are no surprise, although we do nothing about some of them."""


def prepare(services: Services, event: StripeEvent) -> Effect | None:
    """Ask Stripe what the event is about; returns what is to be done, or None for nothing.

    Raises:
        PaymentUnavailableError, PaymentError: Stripe did not say; try the event again.
    """
    handler = HANDLERS.get(event.type)
    return handler(services, event) if handler is not None else None


def note_surprise(session: Session, event: StripeEvent) -> None:
    """Tell people of a kind of event that nobody has thought about."""
    if event.type.partition(".")[0] not in FAMILIES:
        text = f"Stripe sends events of the type {event.type}, which nobody acts on"
        raise_alert(session, AlertKind.UNKNOWN_EVENT, event.type, text)
