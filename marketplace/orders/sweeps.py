"""Finds orders and transfers whose message was lost or whose time has come, from their rows.

Each find is marked before its message is sent, so that a slow queue is not filled up with
repetitions of the same work.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import now
from marketplace.core.task_queue import TaskQueue, enqueue
from marketplace.gateways.payments import TransfersStatus
from marketplace.orders.alerts import AlertKind, raise_alert
from marketplace.orders.books_models import MoneyAlert
from marketplace.orders.holds import OURS, TIMED, HoldCode, release, release_seller
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.operations import expire_draft
from marketplace.orders.states import OrderState, TransferState
from marketplace.orders.transfer_models import LineTransfer, LineTransferState, SellerHold
from marketplace.task_names import TaskName

BATCH = 200
FIRST_POLL = timedelta(minutes=2)
"""The webhook and the return page come first; then Stripe is asked with growing gaps."""
LONGEST_GAP = timedelta(hours=1)
DRAFT_LIFETIME = timedelta(minutes=5)
"""Longer than the slowest call that opens a checkout, retries included."""
TRANSFER_GAP = timedelta(minutes=1)
STUCK_AFTER = timedelta(days=30)
"""A share that its seller's account has refused for so long is a person's business."""
HELD_GAP = timedelta(hours=1)
"""For a hold that was recorded just after the news that would have released it."""


def sweep_orders(session: Session, queue: TaskQueue) -> int:
    """Have open checkouts asked about, and paid orders whose fee is unknown; returns how many."""
    fee_missing = Order.charge_id.is_not(None) & Order.stripe_fee_cents.is_(None)
    open_checkout = Order.state == OrderState.AWAITING_PAYMENT
    due = session.scalars(
        select(Order)
        .where(or_(open_checkout, fee_missing), _poll_is_due())
        .order_by(Order.created_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True, key_share=True)
    ).all()
    for order in due:
        order.polled_at = now()
        enqueue(session, queue, TaskName.SETTLE_ORDER, order.id)
    return len(due)


def _poll_is_due() -> ColumnElement[bool]:
    """True for orders asked about so long ago as they were old then: the gaps double to an hour.

    Once more right after a checkout's end, so that expiry does not wait for the next gap.
    """
    asked = Order.polled_at
    doubled = (asked < now() - FIRST_POLL) & (now() - asked >= asked - Order.created_at)
    ended = (Order.expires_at < now()) & (asked < Order.expires_at)
    return or_(
        asked.is_(None) & (Order.created_at < now() - FIRST_POLL),
        doubled,
        asked < now() - LONGEST_GAP,
        ended,
    )


def sweep_drafts(session: Session) -> int:
    """Expire drafts that never got their hosted checkout; returns how many."""
    order_ids = session.scalars(
        select(Order.id)
        .where(
            Order.state == OrderState.DRAFT,
            Order.checkout_session_id.is_(None),
            Order.created_at < now() - DRAFT_LIFETIME,
        )
        .limit(BATCH)
    ).all()
    for order_id in order_ids:
        expire_draft(session, order_id)
    return len(order_ids)


def sweep_transfers(session: Session, queue: TaskQueue) -> int:
    """Send pending transfers again whose message was lost or whose call failed.

    Also held ones with a call whose end nobody knows: the money may have moved.
    """
    tried = OrderLine.transfer_tried_at
    asked = (
        select(LineTransfer.id)
        .where(
            LineTransfer.line_id == OrderLine.id, LineTransfer.state == LineTransferState.PENDING
        )
        .exists()
    )
    due = session.scalars(
        select(OrderLine)
        .join(OrderLine.order)
        .where(
            or_(
                OrderLine.transfer_state == TransferState.PENDING,
                (OrderLine.transfer_state == TransferState.HELD)
                & (OrderLine.held_code != HoldCode.DIFFERS.value)
                & asked,
            ),
            or_(
                tried.is_(None) & (Order.paid_at < now() - TRANSFER_GAP),
                tried < now() - TRANSFER_GAP,
            ),
        )
        .order_by(OrderLine.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True, key_share=True, of=OrderLine)
    ).all()
    for line in due:
        line.transfer_tried_at = now()
        enqueue(session, queue, TaskName.TRANSFER_LINE, line.id)
    return len(due)


def sweep_held(session: Session, queue: TaskQueue) -> int:
    """Release holds that the provider caused, of sellers whose account is active as we know."""
    held = session.scalars(
        select(OrderLine)
        .join(SellerProfile, SellerProfile.user_id == OrderLine.seller_id)
        .where(
            OrderLine.transfer_state == TransferState.HELD,
            OrderLine.held_code.not_in([code.value for code in OURS]),
            SellerProfile.transfers_status == TransfersStatus.ACTIVE,
            or_(
                OrderLine.transfer_tried_at.is_(None),
                OrderLine.transfer_tried_at < now() - HELD_GAP,
            ),
        )
        .order_by(OrderLine.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True, key_share=True, of=OrderLine)
    ).all()
    for line in held:
        release(session, queue, line, line.held_code)
    return len(held)


def sweep_stuck(session: Session) -> int:
    """Tell people of sellers whose account has refused their money for weeks; returns how many.

    Again after as long, where somebody has closed the alert and nothing else has changed.
    """
    long_ago = now() - STUCK_AFTER
    told = select(MoneyAlert.subject).where(
        MoneyAlert.kind == AlertKind.SHARE_STUCK, MoneyAlert.last_at > long_ago
    )
    stuck = session.execute(
        select(OrderLine.seller_id, func.count())
        .join(OrderLine.order)
        .where(
            OrderLine.transfer_state == TransferState.HELD,
            OrderLine.held_code.not_in([code.value for code in OURS]),
            Order.paid_at < long_ago,
            OrderLine.seller_id.not_in(told),
        )
        .group_by(OrderLine.seller_id)
        .limit(BATCH)
    ).all()
    for seller_id, sales in stuck:
        days = STUCK_AFTER.days
        text = f"shares of {sales} sales could not be paid to a seller for more than {days} days"
        raise_alert(session, AlertKind.SHARE_STUCK, seller_id, text)
    return len(stuck)


def sweep_holds(session: Session, queue: TaskQueue) -> int:
    """Release what was held until a moment that has come; returns how many lines and sellers."""
    over = session.scalars(
        select(SellerHold.seller_id)
        .where(SellerHold.released_at.is_(None), SellerHold.until <= now())
        .order_by(SellerHold.seller_id)
        .limit(BATCH)
    ).all()
    for seller_id in over:
        release_seller(session, queue, seller_id, None, "its time has come")
    lines = session.scalars(
        select(OrderLine)
        .where(
            OrderLine.transfer_state == TransferState.HELD,
            OrderLine.held_code.in_([code.value for code in TIMED]),
            OrderLine.hold_until <= now(),
        )
        .order_by(OrderLine.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True, key_share=True, of=OrderLine)
    ).all()
    for line in lines:
        release(session, queue, line, "its time has come")
    return len(over) + len(lines)
