"""Changes the states of orders, transfers and refunds, writing the event row of every change."""

from __future__ import annotations

from sqlalchemy.orm import Session

from marketplace.core.states import Ignore
from marketplace.orders.models import Order, OrderEvent, OrderLine
from marketplace.orders.refund_models import Refund
from marketplace.orders.states import (
    ORDER_STATES,
    REFUND_STATES,
    TRANSFER_STATES,
    OrderAction,
    RefundAction,
    TransferAction,
)


def change_order(
    session: Session,
    order: Order,
    action: OrderAction,
    reason: str | None = None,
    actor_id: str | None = None,
) -> bool:
    """Move an order along its states; False when the action changes nothing any more.

    Raises:
        ConflictError: the action is not possible in the order's state.
    """
    before, after = order.state, ORDER_STATES.next(order.state, action)
    if isinstance(after, Ignore):
        return False
    order.state = after
    session.add(
        OrderEvent(
            order_id=order.id,
            action=action.value,
            from_state=before.value,
            to_state=after.value,
            actor_id=actor_id,
            reason=reason,
        )
    )
    return True


def note_order(
    session: Session, order: Order, action: str, reason: str, actor_id: str | None = None
) -> None:
    """Write down something that happened to an order without changing its state."""
    state = order.state.value
    session.add(
        OrderEvent(
            order_id=order.id,
            action=action,
            from_state=state,
            to_state=state,
            actor_id=actor_id,
            reason=reason[:2000],
        )
    )


def note_line(
    session: Session, line: OrderLine, action: str, reason: str, actor_id: str | None = None
) -> None:
    """Write down something that happened to a line without changing its transfer's state."""
    state = line.transfer_state.value
    session.add(
        OrderEvent(
            order_id=line.order_id,
            line_id=line.id,
            action=action,
            from_state=state,
            to_state=state,
            actor_id=actor_id,
            reason=reason[:2000],
        )
    )


def change_transfer(
    session: Session,
    line: OrderLine,
    action: TransferAction,
    reason: str | None = None,
    actor_id: str | None = None,
) -> bool:
    """Move a line's transfer along its states; False when nothing changes any more.

    Raises:
        ConflictError: the action is not possible in the transfer's state.
    """
    before, after = line.transfer_state, TRANSFER_STATES.next(line.transfer_state, action)
    if isinstance(after, Ignore):
        return False
    line.transfer_state = after
    session.add(
        OrderEvent(
            order_id=line.order_id,
            line_id=line.id,
            action=action.value,
            from_state=before.value,
            to_state=after.value,
            actor_id=actor_id,
            reason=reason,
        )
    )
    return True


def change_refund(
    session: Session,
    order: Order,
    refund: Refund,
    action: RefundAction,
    reason: str | None = None,
    actor_id: str | None = None,
) -> bool:
    """Move a refund along its states; False when nothing changes any more.

    Raises:
        ConflictError: the action is not possible in the refund's state.
    """
    before, after = refund.state, REFUND_STATES.next(refund.state, action)
    if isinstance(after, Ignore):
        return False
    refund.state = after
    session.add(
        OrderEvent(
            order_id=order.id,
            line_id=refund.line_id,
            action=f"refund_{action.value}",
            from_state=before.value,
            to_state=after.value,
            actor_id=actor_id,
            reason=f"{refund.id}: {reason}"[:2000] if reason else refund.id,
        )
    )
    return True
