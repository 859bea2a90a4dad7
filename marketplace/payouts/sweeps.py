"""Finds payouts and balances whose message was lost or whose time has come, from their rows."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import now
from marketplace.core.task_queue import TaskQueue, enqueue
from marketplace.gateways.payments import TransfersStatus
from marketplace.orders.models import OrderLine
from marketplace.orders.transfer_models import PayoutStatus, SellerPayout
from marketplace.payouts.models import PayoutRequest, PayoutSettings
from marketplace.payouts.states import RequestState, Schedule
from marketplace.task_names import TaskName

BATCH = 100
REQUEST_GAP = timedelta(minutes=1)
CONSIDER_GAP = timedelta(hours=6)
"""How often a balance is compared with its threshold: banks move money once a day."""
WATCH_GAP = timedelta(days=1)
WATCHED_FOR = timedelta(days=14)
"""A payout that was paid may come back within five business days."""


def sweep_requests(session: Session, queue: TaskQueue) -> int:
    """Send payouts again whose message was lost or whose call got no answer."""
    tried = PayoutRequest.tried_at
    due = session.scalars(
        select(PayoutRequest)
        .where(
            PayoutRequest.state == RequestState.PENDING,
            or_(
                tried.is_(None) & (PayoutRequest.created_at < now() - REQUEST_GAP),
                tried < now() - REQUEST_GAP,
            ),
        )
        .order_by(PayoutRequest.created_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True, key_share=True)
    ).all()
    for row in due:
        row.tried_at = now()
        enqueue(session, queue, TaskName.MAKE_PAYOUT, row.id)
    return len(due)


def sweep_thresholds(session: Session, queue: TaskQueue) -> int:
    """Have balances compared with their thresholds, of sellers who were ever paid."""
    considered = PayoutSettings.considered_at
    due = session.scalars(
        select(PayoutSettings)
        .join(SellerProfile, SellerProfile.user_id == PayoutSettings.seller_id)
        .where(
            PayoutSettings.schedule == Schedule.THRESHOLD,
            SellerProfile.transfers_status == TransfersStatus.ACTIVE,
            or_(considered.is_(None), considered < now() - CONSIDER_GAP),
            _was_paid(),
        )
        .order_by(considered.nulls_first(), PayoutSettings.seller_id)
        .limit(BATCH)
        .with_for_update(skip_locked=True, key_share=True, of=PayoutSettings)
    ).all()
    for row in due:
        row.considered_at = now()
        enqueue(session, queue, TaskName.CONSIDER_PAYOUT, row.seller_id)
    return len(due)


def sweep_watched(session: Session, queue: TaskQueue) -> int:
    """Have sellers' payouts read again that may have changed, or been made, without a message.

    Payouts on the provider's own schedule are made without our asking: where the news of one was
    lost, no row of ours says that there is anything to look for.
    """
    moving = SellerPayout.status.in_([PayoutStatus.PENDING, PayoutStatus.IN_TRANSIT])
    known = (
        select(SellerPayout.id)
        .where(
            SellerPayout.seller_id == PayoutSettings.seller_id,
            moving | (SellerPayout.status == PayoutStatus.PAID),
            SellerPayout.created_at > now() - WATCHED_FOR,
            SellerPayout.created_at < now() - WATCH_GAP,
        )
        .exists()
    )
    by_provider = PayoutSettings.schedule.in_([Schedule.WEEKLY, Schedule.MONTHLY]) | (
        PayoutSettings.changed_at > now() - WATCHED_FOR
    )
    seen = PayoutSettings.watched_at
    seller_ids = session.scalars(
        select(PayoutSettings.seller_id)
        .where(
            or_(
                known & (seen.is_(None) | (seen < now() - WATCH_GAP)),
                by_provider & _was_paid() & (seen.is_(None) | (seen < now() - CONSIDER_GAP)),
            )
        )
        .order_by(seen.nulls_first(), PayoutSettings.seller_id)
        .limit(BATCH)
    ).all()
    for seller_id in seller_ids:
        row = session.get_one(PayoutSettings, seller_id)
        row.watched_at = now()
        enqueue(session, queue, TaskName.WATCH_PAYOUTS, seller_id)
    return len(seller_ids)


def _was_paid() -> ColumnElement[bool]:
    """Whether anything was ever transferred to the seller."""
    return (
        select(OrderLine.id)
        .where(OrderLine.seller_id == PayoutSettings.seller_id, OrderLine.transferred_cents > 0)
        .exists()
    )
