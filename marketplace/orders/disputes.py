"""Disputes as Stripe has them, brought into the rows, the books, the rights and the transfers.

Money is booked from the dispute's balance transactions, never from an event's type; so the same
news may come twice, late or out of order.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.errors import ConflictError, InvalidError, NotFoundError
from marketplace.core.task_queue import TaskQueue
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.payments import DisputeFacts, PaymentUnavailableError
from marketplace.orders.alerts import AlertKind, raise_alert
from marketplace.orders.dispute_booking import book_lines, lose, share_out, win
from marketplace.orders.dispute_models import Dispute, DisputeEvent
from marketplace.orders.evidence import FIELDS, LIMIT, gather_evidence
from marketplace.orders.line_money import rebalance
from marketplace.orders.locks import lock_lines, lock_order
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.refund_models import Refund
from marketplace.orders.refund_rows import give_back_doubled
from marketplace.orders.rights import settle_order_state, settle_right
from marketplace.orders.states import (
    DISPUTE_ANSWERABLE,
    DISPUTE_LOST,
    DISPUTE_OPEN,
    DISPUTE_OVER,
    DisputeStatus,
    RefundState,
)

__all__ = ["gather_evidence", "record_dispute", "save_evidence", "sync_dispute"]

KNOWN = frozenset(status.value for status in DisputeStatus)


def sync_dispute(services: Services, dispute_id: str) -> Dispute | None:
    """Ask how a dispute stands and record it; None where the charge is not ours.

    Args:
        dispute_id: Stripe's du_….

    Raises:
        PaymentUnavailableError, PaymentError: Stripe did not say; nothing changed.
    """
    facts = services.payments.retrieve_dispute(dispute_id)
    with unit_of_work(services.database) as session:
        return record_dispute(session, services.queue, facts)


def record_dispute(session: Session, queue: TaskQueue, facts: DisputeFacts) -> Dispute | None:
    """Make our rows say what Stripe says of a dispute, in one transaction.

    Returns None where no settled order has the charge: the caller settles it first.

    Raises:
        PaymentUnavailableError: a refund of the order is under way; nothing is recorded yet.
    """
    order_id = session.scalar(select(Order.id).where(Order.charge_id == facts.charge_id))
    if order_id is None:
        return None
    order = lock_order(session, order_id)
    lines = lock_lines(session, order)
    dispute = _row(session, order, facts)
    if facts.status not in KNOWN:
        text = f"a dispute has the unknown status {facts.status[:40]!r}; it is left as it is"
        raise_alert(session, AlertKind.UNKNOWN_STATUS, facts.dispute_id, text, order.id)
        return dispute
    _take_over(session, dispute, facts)
    book_lines(session, order, dispute, facts)
    session.flush()
    if dispute.withdrawn_cents > 0 and not dispute.lines and _refund_under_way(session, order):
        raise PaymentUnavailableError("a refund of the disputed order is under way")
    _divide(session, queue, order, lines, dispute)
    if dispute.withdrawn_cents <= 0:
        share_rests(session, queue, order, lines)  # another dispute of the order may have one
    return dispute


def share_rests(session: Session, queue: TaskQueue, order: Order, lines: list[OrderLine]) -> None:
    """Lay on the lines what banks withdrew beyond them, where they are free to bear it now.

    A refund that failed frees its line: what the buyer did not get back by it, the bank gave them.
    Order and lines are locked.
    """
    withdrawn = (
        select(Dispute)
        .where(Dispute.order_id == order.id, Dispute.withdrawn_cents > 0)
        .order_by(Dispute.opened_at, Dispute.id)
    )
    for dispute in session.scalars(withdrawn).all():
        _divide(session, queue, order, lines, dispute)


def _divide(
    session: Session, queue: TaskQueue, order: Order, lines: list[OrderLine], dispute: Dispute
) -> None:
    """Say who bears what of a dispute as it stands, and let rights and shares follow."""
    # What is disputed of a line is fixed once: first it must be known what was given back.
    if dispute.withdrawn_cents > 0 and not _refund_under_way(session, order):
        share_out(session, order, lines, dispute)
    if dispute.status in DISPUTE_LOST and dispute.withdrawn_cents > 0:
        lose(session, order, dispute)
    elif dispute.withdrawn_cents <= 0 and dispute.status not in DISPUTE_OPEN:
        win(session, order, dispute)
    _settle(session, queue, order, lines, dispute)


def _refund_under_way(session: Session, order: Order) -> bool:
    """Whether a refund was submitted of which nobody knows the end."""
    submitted = select(Refund.id).where(
        Refund.order_id == order.id, Refund.state == RefundState.SUBMITTED
    )
    return session.scalar(submitted.limit(1)) is not None


def save_evidence(
    session: Session, dispute_id: str, evidence: Mapping[str, str], actor_id: str | None
) -> Dispute:
    """Keep what a person wants to answer with; nothing is sent yet.

    Raises:
        NotFoundError: no such dispute.
        ConflictError: it cannot be answered any more.
        InvalidError: an unknown field, or more text than Stripe takes.
    """
    dispute = locked_dispute(session, dispute_id)
    if not dispute.can_be_answered:
        raise ConflictError("This dispute cannot be answered any more.", "not_answerable")
    unknown = set(evidence) - set(FIELDS)
    if unknown:
        raise InvalidError(f"Stripe knows no field {sorted(unknown)[0]!r}.", "unknown_field")
    filled = {name: text.strip() for name, text in evidence.items() if text.strip()}
    if sum(len(text) for text in filled.values()) > LIMIT:
        raise InvalidError(
            f"Stripe takes {LIMIT:,} characters in all; please shorten your answer.", "too_long"
        )
    dispute.evidence = filled
    note(session, dispute, "evidence_saved", actor_id=actor_id)
    return dispute


def locked_dispute(session: Session, dispute_id: str) -> Dispute:
    """Hold a dispute by our row's id, with its order.

    Raises:
        NotFoundError: no such dispute.
    """
    order_id = session.scalar(select(Dispute.order_id).where(Dispute.id == dispute_id))
    if order_id is None:
        raise NotFoundError
    lock_order(session, order_id)
    return session.get_one(Dispute, dispute_id, populate_existing=True)


def note(
    session: Session,
    dispute: Dispute,
    action: str,
    reason: str | None = None,
    actor_id: str | None = None,
    before: str | None = None,
) -> None:
    """Write down what happened to a dispute."""
    session.add(
        DisputeEvent(
            dispute_id=dispute.id,
            action=action,
            from_state=before or dispute.status,
            to_state=dispute.status,
            actor_id=actor_id,
            reason=reason,
        )
    )


def _row(session: Session, order: Order, facts: DisputeFacts) -> Dispute:
    found = session.scalar(
        select(Dispute)
        .where(Dispute.dispute_id == facts.dispute_id)
        .execution_options(populate_existing=True)
    )
    if found is not None:
        return found
    dispute = Dispute(
        dispute_id=facts.dispute_id,
        order_id=order.id,
        charge_id=facts.charge_id,
        cents=facts.amount.cents,
        currency=facts.amount.currency,
        reason=facts.reason[:60],
        status=facts.status[:40],
        withdrawn_cents=0,
        fee_cents=0,
        evidence={},
        evidence_sent=False,
        opened_at=facts.created,
    )
    session.add(dispute)
    session.flush()
    note(session, dispute, "opened", facts.reason[:60])
    text = f"the buyer's bank disputes {facts.amount}: {facts.reason[:60]}"
    raise_alert(session, AlertKind.DISPUTE_OPENED, facts.dispute_id, text, order.id)
    return dispute


def _take_over(session: Session, dispute: Dispute, facts: DisputeFacts) -> None:
    before = dispute.status
    dispute.status, dispute.cents = facts.status, facts.amount.cents
    dispute.due_by, dispute.evidence_sent = facts.due_by, facts.evidence_sent
    if before != facts.status:
        note(session, dispute, "news", before=before)
        if facts.status == DisputeStatus.LOST:
            text = f"the bank gave the buyer {facts.amount} back"
            kind = AlertKind.DISPUTE_LOST
            raise_alert(session, kind, facts.dispute_id, text, dispute.order_id)
    if facts.status in DISPUTE_OVER and dispute.closed_at is None:
        dispute.closed_at = now()
    elif facts.status not in DISPUTE_OVER:
        dispute.closed_at = None
    if facts.status in DISPUTE_ANSWERABLE and not dispute.evidence and not facts.evidence_sent:
        dispute.evidence = gather_evidence(session, dispute.id)
        note(session, dispute, "evidence_gathered")


def _settle(
    session: Session,
    queue: TaskQueue,
    order: Order,
    lines: list[OrderLine],
    dispute: Dispute,
) -> None:
    parts = {part.line_id: part for part in dispute.lines}
    for line in lines:
        settle_right(session, line)
        part = parts.get(line.id)
        waits = part is not None and not part.lost and not part.returned
        rebalance(session, queue, line, dispute.id if waits else None)
    settle_order_state(session, order, dispute.dispute_id)
    for line in lines:
        give_back_doubled(session, queue, order, line)
