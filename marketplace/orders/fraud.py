"""Early fraud warnings and refused cards: acted on at once, because a dispute costs more."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.core.errors import ConflictError
from marketplace.core.ids import new_id
from marketplace.gateways.payments import FailedPayment, WarningFacts
from marketplace.orders.alerts import AlertKind, raise_alert
from marketplace.orders.dispute_models import FraudWarning
from marketplace.orders.locks import lock_order
from marketplace.orders.models import Order
from marketplace.orders.refunds import refund_order
from marketplace.orders.risk import record_attempt, too_many_declines
from marketplace.orders.states import REFUNDABLE, OrderState, RefundReason
from marketplace.settings import Settings

NOTE = "The card's issuer warned of fraud."


def record_warning(
    session: Session, services: Services, facts: WarningFacts
) -> FraudWarning | None:
    """Give the whole payment back at once; None where no settled order has the charge.

    A payment that is disputed already cannot be given back, and one that was is left alone.
    """
    order_id = session.scalar(select(Order.id).where(Order.charge_id == facts.charge_id))
    if order_id is None:
        return None
    order = lock_order(session, order_id)
    made = session.scalar(
        insert(FraudWarning)
        .values(
            id=new_id(),
            warning_id=facts.warning_id,
            order_id=order.id,
            charge_id=facts.charge_id,
            fraud_type=facts.fraud_type[:60],
            actionable=facts.actionable,
            refunded=False,
        )
        .on_conflict_do_nothing(index_elements=[FraudWarning.warning_id])
        .returning(FraudWarning.id)
    )
    if made is None:
        return session.scalar(
            select(FraudWarning).where(FraudWarning.warning_id == facts.warning_id)
        )
    row = session.get_one(FraudWarning, made)
    if order.state in REFUNDABLE:
        try:
            refund_order(session, services, order.id, RefundReason.FRAUD_WARNING, NOTE, None)
            row.refunded = True
        except ConflictError:
            pass  # all of it is on its way back already
    text = f"the card's issuer warns: {facts.fraud_type[:60]}"
    raise_alert(session, AlertKind.FRAUD_WARNING, facts.warning_id, text, order.id)
    return row


def record_failure(
    session: Session, settings: Settings, order_id: str, failed: FailedPayment
) -> str | None:
    """Count a refused card. Returns the checkout to be closed where it was one too many.

    Cards are tried out on the provider's page, where nothing of ours stands in the way: an open
    checkout would let somebody go on for as long as it lives.
    """
    order = session.get(Order, order_id)
    if order is None:
        return None
    record_attempt(session, order, failed.attempt_id, failed.code, failed.card, False)
    session.flush()
    waits = order.state is OrderState.AWAITING_PAYMENT
    if waits and too_many_declines(session, settings, order.buyer_id, order.buyer_address_hash):
        return order.checkout_session_id
    return None
