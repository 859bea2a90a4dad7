"""What events lead to. An event is a hint: the object it names is fetched, and that is believed.

A handler reads from Stripe without a transaction and returns the effect on our rows, or None
when the event does not concern us. So the order in which events arrive does not matter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.core.ids import is_id
from marketplace.core.task_queue import enqueue
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.payments import CheckoutSession, PaymentUnavailableError
from marketplace.orders.alerts import AlertKind, raise_alert
from marketplace.orders.disputes import record_dispute
from marketplace.orders.fraud import record_failure, record_warning
from marketplace.orders.models import Order
from marketplace.orders.operations import fetch_checkout, record_checkout
from marketplace.orders.refund_calls import recorded_refund
from marketplace.orders.states import ReversalState
from marketplace.orders.transfer_models import LineTransfer, LineTransferState, TransferReversal
from marketplace.stripe_events.models import StripeEvent
from marketplace.task_names import TaskName

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


def payment_failed(services: Services, event: StripeEvent) -> Effect | None:
    """A card was refused: counted against card testing.

    The checkout stays open for another card, unless it was one refusal too many.
    """
    order_id = _metadata(event).get("order_id")
    if not isinstance(order_id, str) or not _is_ours(services, order_id):
        return None
    failed = services.payments.retrieve_failure(str(event.object_id))
    if failed is not None:
        # Counted by itself and once, so that the checkout can be closed before it is read.
        with unit_of_work(services.database) as session:
            over = record_failure(session, services.settings, order_id, failed)
        if over is not None:
            services.payments.expire_checkout(over)
    return payment_changed(services, event) or (lambda session: None)


def refund_changed(services: Services, event: StripeEvent) -> Effect | None:
    """A refund has news: delivered, or returned by the buyer's bank."""
    facts = services.payments.retrieve_refund(str(event.object_id))
    return lambda session: _ignore(recorded_refund(session, services.queue, facts))


def charge_refunded(services: Services, event: StripeEvent) -> Effect | None:
    """(A part of) a charge was given back: look at each of its refunds."""
    charge = services.payments.retrieve_charge(str(event.object_id))
    if charge.order_id is None or not _is_ours(services, charge.order_id):
        return None
    found = [services.payments.retrieve_refund(one) for one in charge.refund_ids]

    def effect(session: Session) -> None:
        for facts in found:
            recorded_refund(session, services.queue, facts)

    return effect


def dispute_changed(services: Services, event: StripeEvent) -> Effect | None:
    """A bank took a payment back, gave it back, or asks. The order is settled first."""
    facts = services.payments.retrieve_dispute(str(event.object_id))
    settle_first = _settling(services, facts.charge_id)
    if settle_first is None:
        return None

    def effect(session: Session) -> None:
        settle_first(session)
        if record_dispute(session, services.queue, facts) is None:
            raise PaymentUnavailableError("the disputed order is not settled yet")

    return effect


def warning_came(services: Services, event: StripeEvent) -> Effect | None:
    """An issuer warns of fraud: the money goes back at once, which is cheaper than a dispute."""
    facts = services.payments.retrieve_warning(str(event.object_id))
    settle_first = _settling(services, facts.charge_id)
    if settle_first is None:
        return None

    def effect(session: Session) -> None:
        settle_first(session)
        if record_warning(session, services, facts) is None:
            raise PaymentUnavailableError("the suspected order is not settled yet")

    return effect


def review_opened(services: Services, event: StripeEvent) -> Effect | None:
    """Stripe's Radar wants a person to look at a payment."""
    charge_id = _subject(event).get("charge")
    subject = str(event.object_id)

    def effect(session: Session) -> None:
        order_id = session.scalar(select(Order.id).where(Order.charge_id == charge_id))
        text = "Radar has opened a review of a payment: look at it in Stripe's dashboard"
        if order_id is not None:
            raise_alert(session, AlertKind.RADAR_REVIEW, subject, text, order_id)

    return effect


def transfer_changed(services: Services, event: StripeEvent) -> Effect | None:
    """A transfer was made or reversed: whatever of ours is unfinished about it goes on."""
    transfer_id = str(event.object_id)
    line_id = _metadata(event).get("line_id")

    def effect(session: Session) -> None:
        waiting = select(LineTransfer.id).where(
            LineTransfer.line_id == line_id, LineTransfer.state == LineTransferState.PENDING
        )
        if session.scalar(waiting.limit(1)) is not None:
            enqueue(session, services.queue, TaskName.TRANSFER_LINE, str(line_id))
        reversals = session.scalars(
            select(TransferReversal.id)
            .join(TransferReversal.line_transfer)
            .where(
                LineTransfer.transfer_id == transfer_id,
                TransferReversal.state == ReversalState.PENDING,
            )
        )
        for row_id in reversals.all():
            enqueue(session, services.queue, TaskName.REVERSE_TRANSFER, row_id)

    return effect


def _settling(services: Services, charge_id: str) -> Effect | None:
    """What settles the order of a charge, where news of trouble came before that of payment.

    None for a charge that is not ours.
    """
    with unit_of_work(services.database) as session:
        known = session.scalar(select(Order.id).where(Order.charge_id == charge_id))
    if known is not None:
        return lambda session: None
    order_id = services.payments.retrieve_charge(charge_id).order_id
    if order_id is None or not _is_ours(services, order_id):
        return None
    checkout = fetch_checkout(services, order_id)
    if checkout is None:
        # Paid through a checkout whose record was lost: its own event will bring it.
        raise PaymentUnavailableError("the charged order's checkout is not known yet")
    return _recording(services, order_id, checkout)


def _recording(services: Services, order_id: str, checkout: CheckoutSession) -> Effect:
    def effect(session: Session) -> None:
        record_checkout(session, services, order_id, checkout)

    return effect


def _is_ours(services: Services, order_id: str) -> bool:
    if not is_id(order_id):
        return False
    with unit_of_work(services.database) as session:
        return session.get(Order, order_id) is not None


def _subject(event: StripeEvent) -> dict[str, Any]:
    subject = event.payload.get("data", {}).get("object", {})
    return dict(subject)


def _metadata(event: StripeEvent) -> dict[str, Any]:
    return _subject(event).get("metadata") or {}


def _ignore(_: object) -> None:
    """An effect returns nothing."""
