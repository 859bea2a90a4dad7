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
    """Give, suspend or end the buyer's right to a line, as its money stands. Line is locked.

    An order whose money is in review gives none, whatever becomes of that money.
    """
    if line.order.paid_at is None:
        return
    session.flush()
    right = _right_of(session, line)
    wanted, reason = _wanted(session, line)
    if right is None:
        # Bought twice: the other order's right is enough, for as long as there is one.
        if wanted is E.GRANTED and not _has_another(session, line):
            _give(session, line)
        return
    if wanted is right.state:
        return
    if right.state is E.REVOKED and _has_another(session, line):
        return  # bought again meanwhile: one right to a listing is enough
    note_line(session, line, f"right_{wanted.value}", reason or "paid")
    right.state, right.reason, right.changed_at = wanted, reason, now()
    session.flush()
    if wanted is E.REVOKED:
        _pass_on(session, line)


def doubled(session: Session, line: OrderLine) -> bool:
    """Whether a line's money stands although its buyer has the listing by another order."""
    right = _right_of(session, line)
    without = right is None or right.state is E.REVOKED
    return without and _wanted(session, line)[0] is E.GRANTED and _has_another(session, line)


def _right_of(session: Session, line: OrderLine) -> Entitlement | None:
    return session.scalar(
        select(Entitlement).where(Entitlement.line_id == line.id).with_for_update(key_share=True)
    )


def _give(session: Session, line: OrderLine) -> None:
    """A right for a line that had none."""
    note_line(session, line, "right_granted", "paid")
    session.add(
        Entitlement(
            buyer_id=line.order.buyer_id,
            listing_id=line.listing_id,
            version_id=line.version_id,
            line_id=line.id,
            state=E.GRANTED,
        )
    )
    session.flush()


def _pass_on(session: Session, line: OrderLine) -> None:
    """Where the buyer paid for the same listing by another order as well, that gives the right.

    A refund of the other order may have failed while this one's right was enough.
    """
    others = session.scalars(
        select(OrderLine)
        .join(OrderLine.order)
        .where(
            Order.buyer_id == line.order.buyer_id,
            Order.state.in_(SOLD),
            OrderLine.listing_id == line.listing_id,
            OrderLine.id != line.id,
        )
        .order_by(Order.paid_at, OrderLine.id)
    ).all()
    for other in others:
        if _wanted(session, other)[0] is E.GRANTED and not _has_another(session, other):
            settle_right(session, other)


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


def _has_another(session: Session, line: OrderLine) -> bool:
    """Whether the buyer has the listing by another line than this."""
    return bool(
        session.scalar(
            select(Entitlement.id)
            .where(
                Entitlement.buyer_id == line.order.buyer_id,
                Entitlement.listing_id == line.listing_id,
                Entitlement.line_id != line.id,
                Entitlement.state != E.REVOKED,
            )
            .limit(1)
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
