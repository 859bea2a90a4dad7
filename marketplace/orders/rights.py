"""What a buyer may use follows from the money: paid and kept, in dispute, or given back."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.orders.dispute_models import Dispute, DisputeLine
from marketplace.orders.history import change_order, note_line
from marketplace.orders.models import Entitlement, Order, OrderLine
from marketplace.orders.refund_models import Refund
from marketplace.orders.states import (
    DISPUTE_LOST,
    DISPUTE_OPEN,
    REFUND_STANDS,
    SOLD,
    EntitlementState,
    OrderAction,
    OrderState,
)

E = EntitlementState
REFUNDED, CHARGED_BACK, DISPUTED = "refunded", "charged back", "the payment is disputed"


def settle_right(session: Session, line: OrderLine) -> None:
    """Give, suspend or end the buyer's right to a line, as its money stands. Line is locked."""
    session.flush()
    right = session.scalar(
        select(Entitlement).where(Entitlement.line_id == line.id).with_for_update(key_share=True)
    )
    if right is None:
        return  # bought twice, and given back at once: there never was one
    wanted, reason = _wanted(session, line)
    if wanted is right.state:
        return
    if right.state is E.REVOKED and _has_another(session, right):
        return  # bought again meanwhile: one right to a listing is enough
    note_line(session, line, f"right_{wanted.value}", reason or "paid")
    right.state, right.reason, right.changed_at = wanted, reason, now()
    session.flush()


def _wanted(session: Session, line: OrderLine) -> tuple[EntitlementState, str | None]:
    given_back = session.scalar(
        select(func.coalesce(func.sum(Refund.cents), 0)).where(
            Refund.line_id == line.id, Refund.state.in_(REFUND_STANDS)
        )
    )
    if int(given_back or 0) >= line.price_cents:
        return E.REVOKED, REFUNDED
    disputes = session.execute(
        select(DisputeLine.lost, DisputeLine.returned, Dispute.status)
        .join(DisputeLine.dispute)
        .where(DisputeLine.line_id == line.id)
    ).all()
    if any(row.lost and not row.returned for row in disputes):
        return E.REVOKED, CHARGED_BACK
    if any(not row.returned and row.status in DISPUTE_OPEN for row in disputes):
        return E.SUSPENDED, DISPUTED
    return E.GRANTED, None


def _has_another(session: Session, right: Entitlement) -> bool:
    return bool(
        session.scalar(
            select(Entitlement.id).where(
                Entitlement.buyer_id == right.buyer_id,
                Entitlement.listing_id == right.listing_id,
                Entitlement.id != right.id,
                Entitlement.state != E.REVOKED,
            )
        )
    )


def settle_order_state(session: Session, order: Order, reason: str | None = None) -> None:
    """Name an order's state after its refunds and disputes. The order is locked."""
    session.flush()
    if order.state not in SOLD and order.state is not OrderState.REVIEW:
        return
    target, action = _order_target(session, order)
    if target is not None and target is not order.state:
        change_order(session, order, action, reason)


def _order_target(session: Session, order: Order) -> tuple[OrderState | None, OrderAction]:
    if order.paid_at is None:
        # Money in review: nothing was delivered, so there is only one way on.
        back = 0 < order.arrived_cents <= order.refunded_cents
        return (OrderState.REFUNDED if back else None), OrderAction.REFUND
    open_dispute, lost = False, False
    found = session.execute(
        select(Dispute.status, Dispute.withdrawn_cents).where(Dispute.order_id == order.id)
    )
    for status, withdrawn in found:
        open_dispute |= withdrawn > 0 and status in DISPUTE_OPEN
        lost |= withdrawn > 0 and status in DISPUTE_LOST
    if open_dispute:
        return OrderState.DISPUTED, OrderAction.DISPUTE
    if lost:
        return OrderState.CHARGED_BACK, OrderAction.LOSE
    if order.refunded_cents == 0:
        undone = order.state in {OrderState.REFUNDED, OrderState.PARTIALLY_REFUNDED}
        return OrderState.PAID, OrderAction.UNDO_REFUND if undone else OrderAction.WIN
    if order.refunded_cents >= order.paid_cents:
        return OrderState.REFUNDED, OrderAction.REFUND
    return OrderState.PARTIALLY_REFUNDED, OrderAction.REFUND_PART
