"""Finds money on its way back whose message was lost: refunds, reversals, disputes, evidence."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.task_queue import TaskQueue, enqueue
from marketplace.listings.models import ListingVersion
from marketplace.orders.dispute_models import Dispute
from marketplace.orders.models import Entitlement, Order, OrderLine
from marketplace.orders.refund_calls import RETRY_AFTER
from marketplace.orders.refund_models import Refund
from marketplace.orders.refunds import refund_listing_buyers
from marketplace.orders.states import (
    DISPUTE_ANSWERABLE,
    DISPUTE_OVER,
    REFUNDABLE,
    EntitlementState,
    RefundReason,
    RefundState,
    ReversalState,
)
from marketplace.orders.transfer_models import TransferReversal
from marketplace.task_names import TaskName

BATCH = 200
GAP = timedelta(minutes=1)
"""Longer than a message usually takes, and than most calls."""
PENDING_GAP = timedelta(hours=6)
DISPUTE_GAP = timedelta(hours=6)
AUTO_SUBMIT_BEFORE = timedelta(hours=48)
"""So long before a bank's deadline the gathered evidence is sent if nobody has answered."""
LISTING_FAILED_NOTE = "The prompt stopped working and was not mended in time."


def sweep_refunds(session: Session, queue: TaskQueue) -> int:
    """Submit refunds again whose message was lost or whose call failed; ask about slow ones."""
    tried, state = Refund.tried_at, Refund.state
    first = tried.is_(None) & (Refund.created_at < now() - GAP)
    short = (state == RefundState.REQUESTED) & (tried < now() - RETRY_AFTER)
    lost = (state == RefundState.SUBMITTED) & (tried < now() - GAP)
    slow = state.in_([RefundState.PENDING, RefundState.REQUIRES_ACTION]) & (
        tried < now() - PENDING_GAP
    )
    unfinished = [RefundState.REQUESTED, RefundState.SUBMITTED]
    due = session.scalars(
        select(Refund)
        .where(or_(state.in_(unfinished) & first, short, lost, slow))
        .order_by(Refund.created_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True, key_share=True, of=Refund)
    ).all()
    for row in due:
        if row.state is not RefundState.REQUESTED:
            row.tried_at = now()
        enqueue(session, queue, TaskName.SUBMIT_REFUND, row.id)
    return len(due)


def sweep_reversals(session: Session, queue: TaskQueue) -> int:
    """Call back again what no answer came for."""
    tried = TransferReversal.tried_at
    due = session.scalars(
        select(TransferReversal)
        .where(
            TransferReversal.state == ReversalState.PENDING,
            or_(
                tried.is_(None) & (TransferReversal.created_at < now() - GAP),
                tried < now() - GAP,
            ),
        )
        .order_by(TransferReversal.created_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True, key_share=True, of=TransferReversal)
    ).all()
    for row in due:
        enqueue(session, queue, TaskName.REVERSE_TRANSFER, row.id)
    return len(due)


def sweep_disputes(session: Session, queue: TaskQueue) -> int:
    """Ask about open disputes now and then, and answer what is about to be lost by silence."""
    found = session.scalars(
        select(Dispute)
        .where(
            Dispute.status.not_in(DISPUTE_OVER),
            or_(Dispute.asked_at.is_(None), Dispute.asked_at < now() - DISPUTE_GAP),
        )
        .order_by(Dispute.created_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True, key_share=True, of=Dispute)
    ).all()
    for dispute in found:
        dispute.asked_at = now()
        enqueue(session, queue, TaskName.SYNC_DISPUTE, dispute.dispute_id)
        silent = dispute.status in DISPUTE_ANSWERABLE and dispute.submitted_at is None
        near = dispute.due_by is not None and dispute.due_by < now() + AUTO_SUBMIT_BEFORE
        if silent and near and dispute.accepted_at is None and not dispute.evidence_sent:
            enqueue(session, queue, TaskName.SUBMIT_EVIDENCE, dispute.id)
    return len(found)


def sweep_failed_listings(session: Session, services: Services) -> int:
    """Give money back for prompts that stopped working and were not mended in time.

    To those who had bought shortly before, unasked; everyone else gets it on asking
    (refunds.request_refund). Returns how many refunds were decided.
    """
    window = timedelta(days=services.settings.refund_window_days)
    rows = session.execute(
        select(OrderLine.listing_id, ListingVersion.degraded_since)
        .join(ListingVersion, ListingVersion.id == OrderLine.version_id)
        .join(OrderLine.order)
        .join(Entitlement, Entitlement.line_id == OrderLine.id)
        .where(
            ListingVersion.degraded_since.is_not(None),
            ListingVersion.fix_by < now(),
            Order.paid_at >= ListingVersion.degraded_since - window,
            Order.state.in_(REFUNDABLE),
            Entitlement.state == EntitlementState.GRANTED,
            # One decision for each purchase: what Stripe refused is a person's business.
            ~select(Refund.id)
            .where(Refund.line_id == OrderLine.id, Refund.reason == RefundReason.LISTING_FAILED)
            .exists(),
        )
        .distinct()
        .order_by(OrderLine.listing_id)
        .limit(1)
    ).all()
    made = 0
    for listing_id, since in rows:
        made += len(
            refund_listing_buyers(
                session,
                services,
                listing_id,
                RefundReason.LISTING_FAILED,
                LISTING_FAILED_NOTE,
                None,
                since=(since or now()) - window,
            )
        )
    return made
