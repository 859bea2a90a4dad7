"""What sellers owe: shares that could not be called back. Netted from later sales, or written off.

The caller of what changes a debt holds the seller's money (orders.locks).
"""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.core.errors import InvalidError
from marketplace.core.money import CURRENCY, Money
from marketplace.core.task_queue import TaskQueue, enqueue
from marketplace.orders import ledger
from marketplace.orders.history import note_line
from marketplace.orders.line_money import rebalance
from marketplace.orders.locks import lock_seller_money
from marketplace.orders.models import OrderLine
from marketplace.orders.states import ReversalState
from marketplace.orders.transfer_models import TransferReversal, WriteOff
from marketplace.task_names import TaskName

LEFT = TransferReversal.cents - TransferReversal.recovered_cents


def seller_debt(session: Session, seller_id: str) -> int:
    """What a seller owes now, in cents."""
    return int(
        session.scalar(
            select(func.coalesce(func.sum(LEFT), 0)).where(
                TransferReversal.seller_id == seller_id,
                TransferReversal.state == ReversalState.REFUSED,
            )
        )
        or 0
    )


def debtors(session: Session) -> list[tuple[str, int]]:
    """Sellers who owe something with how much, the largest debt first."""
    total = func.sum(LEFT)
    rows = session.execute(
        select(TransferReversal.seller_id, total)
        .where(TransferReversal.state == ReversalState.REFUSED)
        .group_by(TransferReversal.seller_id)
        .having(total > 0)
        .order_by(total.desc(), TransferReversal.seller_id)
    )
    return [(seller_id, int(cents)) for seller_id, cents in rows]


def recover(
    session: Session,
    queue: TaskQueue,
    seller_id: str,
    cents: int,
    how: str,
    written_off: bool = False,
) -> None:
    """Take ``cents`` off a seller's debt, the oldest first."""
    rows = session.scalars(
        select(TransferReversal)
        .where(
            TransferReversal.seller_id == seller_id,
            TransferReversal.state == ReversalState.REFUSED,
            LEFT > 0,
        )
        .order_by(TransferReversal.created_at, TransferReversal.id)
    ).all()
    for row in rows:
        part = min(cents, row.cents - row.recovered_cents)
        if part == 0:
            break
        cents -= part
        row.recovered_cents += part
        row.written_off_cents += part if written_off else 0
        # Nobody else changes the money of this seller's lines meanwhile: see orders.locks.
        line = session.get_one(OrderLine, row.line_id, with_for_update={"key_share": True})
        session.refresh(line)
        line.recovered_cents += part
        note_line(session, line, "recovered", f"{part} cents {how}")
        session.flush()
        rebalance(session, queue, line)
    if cents:
        raise ValueError("more was recovered than is owed")


def write_off(
    session: Session, queue: TaskQueue, seller_id: str, cents: int, reason: str, actor_id: str
) -> WriteOff:
    """Bear (a part of) a seller's debt ourselves, with a reason.

    Raises:
        InvalidError: no reason, or not between one cent and the whole debt.
    """
    reason = reason.strip()
    if not reason:
        raise InvalidError("Say why the debt is written off.", "no_reason", field="reason")
    lock_seller_money(session, [seller_id])
    debt = seller_debt(session, seller_id)
    if not 0 < cents <= debt:
        raise InvalidError(
            f"This seller owes {Money(debt)}: write off that or less, and at least one cent.",
            "not_the_debt",
            field="cents",
        )
    row = WriteOff(
        seller_id=seller_id,
        cents=cents,
        currency=CURRENCY,
        reason=reason[:500],
        decided_by=actor_id,
    )
    session.add(row)
    session.flush()
    ledger.post(
        session,
        ledger.EntryKind.WRITE_OFF,
        row.id,
        {ledger.LOSS: cents, ledger.seller_payable(seller_id): -cents},
        memo=reason,
    )
    recover(session, queue, seller_id, cents, "were written off", written_off=True)
    return row


def retry_refused(session: Session, queue: TaskQueue, seller_id: str) -> int:
    """Ask for what could not be called back once more, now that the seller has a balance.

    Returns how many calls were set going. What was recovered meanwhile stays recovered.
    """
    lock_seller_money(session, [seller_id])
    rows = session.scalars(
        select(TransferReversal).where(
            TransferReversal.seller_id == seller_id,
            TransferReversal.state == ReversalState.REFUSED,
            TransferReversal.line_transfer_id.is_not(None),
            LEFT > 0,
        )
    ).all()
    for row in rows:
        again = row
        if row.recovered_cents:
            again = TransferReversal(
                line_id=row.line_id,
                seller_id=row.seller_id,
                line_transfer_id=row.line_transfer_id,
                dispute_id=row.dispute_id,
                cents=row.cents - row.recovered_cents,
                recovered_cents=0,
                currency=row.currency,
                attempt=1,
            )
            row.cents = row.recovered_cents
            session.add(again)
        again.state, again.tried_at = ReversalState.PENDING, None
        session.flush()
        enqueue(session, queue, TaskName.REVERSE_TRANSFER, again.id)
    return len(rows)
