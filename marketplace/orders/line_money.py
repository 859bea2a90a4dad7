"""What a line's seller is due and what they have: one place that compares the two.

Everything that moves money of a line ends with ``rebalance``: it asks for what the seller has too
much, sets what they have too little on its way, and names the state of the transfer accordingly.
So the order in which refunds, disputes, transfers and reversals end does not matter. The caller
holds the seller's money and the line (orders.locks).
"""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.core.task_queue import TaskQueue, enqueue
from marketplace.orders import holds
from marketplace.orders.history import change_transfer, note_line
from marketplace.orders.line_sums import debts_of_line, due, payable_now
from marketplace.orders.models import OrderLine
from marketplace.orders.states import (
    ReversalState,
    TransferAction,
    TransferState,
)
from marketplace.orders.transfer_models import (
    LineTransfer,
    LineTransferState,
    TransferKind,
    TransferReversal,
)
from marketplace.orders.write_offs import take_back
from marketplace.settings import Settings
from marketplace.task_names import TaskName

SET_OFF = "was_set_off"
"""Nothing was sent that could be called back: the share had paid an older debt."""

T, X = TransferState, TransferAction

_TOWARDS = {
    T.DONE: X.SUCCEED,
    T.CANCELLED: X.CANCEL,
    T.REVERSED: X.REVERSE,
    T.PARTIALLY_REVERSED: X.REVERSE_PART,
    T.REVERSAL_FAILED: X.REFUSE_REVERSAL,
}


def become_due(session: Session, queue: TaskQueue, settings: Settings, line: OrderLine) -> None:
    """A paid line's share is to be transferred now, or held for a while with a reason."""
    if not change_transfer(session, line, TransferAction.BECOME_DUE):
        return
    if not holds.hold_if_needed(session, settings, line):
        enqueue(session, queue, TaskName.TRANSFER_LINE, line.id)


def rebalance(
    session: Session,
    queue: TaskQueue,
    line: OrderLine,
    dispute_id: str | None = None,
) -> None:
    """Call back what the seller has too much, transfer what they have too little.

    Args:
        dispute_id: our dispute's id where money is called back for it: it is kept apart then.
    """
    if line.transfer_state is TransferState.NOT_DUE:
        return
    session.flush()
    surplus = line.paid_to_seller_cents - due(session, line) - _asked_for(session, line.id)
    if surplus < 0:
        surplus += _ask_for_less(session, line, -surplus)
    if surplus < 0:
        surplus += take_back(session, line, -surplus)
    if surplus > 0:
        _ask_for(session, queue, line, surplus, dispute_id)
    session.flush()
    if payable_now(session, line) > 0:
        _set_going(session, queue, line)
    else:
        _name_state(session, line)


def _asked_for(session: Session, line_id: str) -> int:
    """What is being called back already, or could not be and is not recovered."""
    pending = session.scalar(
        select(func.coalesce(func.sum(TransferReversal.cents), 0)).where(
            TransferReversal.line_id == line_id, TransferReversal.state == ReversalState.PENDING
        )
    )
    return int(pending or 0) + debts_of_line(session, line_id)


def _ask_for(
    session: Session, queue: TaskQueue, line: OrderLine, cents: int, dispute_id: str | None
) -> None:
    """Rows for calling back ``cents``, newest transfer first."""
    for sent in _reversible(session, line.id):
        part = min(cents, sent.cents - sent.reversed_cents - _asked_of(session, sent.id))
        if part <= 0:
            continue
        row = _reversal(line, part, dispute_id, sent.id)
        session.add(row)
        session.flush()
        enqueue(session, queue, TaskName.REVERSE_TRANSFER, row.id)
        cents -= part
    if cents > 0:
        row = _reversal(line, cents, dispute_id, None)
        row.state, row.refused_code = ReversalState.REFUSED, SET_OFF
        session.add(row)
        note_line(session, line, "owes", f"{cents} cents were set off against an older debt")


def _reversal(
    line: OrderLine, cents: int, dispute_id: str | None, line_transfer_id: str | None
) -> TransferReversal:
    return TransferReversal(
        line_id=line.id,
        seller_id=line.seller_id,
        line_transfer_id=line_transfer_id,
        dispute_id=dispute_id,
        cents=cents,
        recovered_cents=0,
        currency=line.currency,
        state=ReversalState.PENDING,
        attempt=1,
    )


def _ask_for_less(session: Session, line: OrderLine, cents: int) -> int:
    """Drop up to ``cents`` of what is no longer wanted; returns how much was dropped.

    A call that may be under way cannot be taken back: once it is made, the share is due again.
    """
    dropped = 0
    rows = session.scalars(
        select(TransferReversal)
        .where(
            TransferReversal.line_id == line.id,
            TransferReversal.state.in_([ReversalState.PENDING, ReversalState.REFUSED]),
        )
        .order_by(TransferReversal.created_at.desc(), TransferReversal.id)
    ).all()
    for row in rows:
        if row.state is ReversalState.PENDING and row.tried_at is not None:
            continue
        part = min(cents - dropped, row.cents - row.recovered_cents)
        if part <= 0:
            continue
        dropped += part
        if part == row.cents:
            row.state = ReversalState.CANCELLED
        else:
            row.cents -= part
    return dropped


def _reversible(session: Session, line_id: str) -> list[LineTransfer]:
    return list(
        session.scalars(
            select(LineTransfer)
            .where(
                LineTransfer.line_id == line_id,
                LineTransfer.kind == TransferKind.TRANSFER,
                LineTransfer.state == LineTransferState.DONE,
            )
            .order_by(LineTransfer.attempt.desc())
        )
    )


def _asked_of(session: Session, line_transfer_id: str) -> int:
    """What of one transfer is being called back, or is owed because it could not be.

    What was recovered in another way was never called back: it can still be, after a new refund.
    """
    left = TransferReversal.cents - TransferReversal.recovered_cents
    return int(
        session.scalar(
            select(func.coalesce(func.sum(left), 0)).where(
                TransferReversal.line_transfer_id == line_transfer_id,
                TransferReversal.state.in_([ReversalState.PENDING, ReversalState.REFUSED]),
            )
        )
        or 0
    )


def _set_going(session: Session, queue: TaskQueue, line: OrderLine) -> None:
    if line.transfer_state in {TransferState.PENDING, TransferState.HELD}:
        return
    change_transfer(session, line, TransferAction.BECOME_DUE, "the share is due again")
    if not holds.hold_by_person(session, line):
        enqueue(session, queue, TaskName.TRANSFER_LINE, line.id)


def _name_state(session: Session, line: OrderLine) -> None:
    """The state that follows from the sums, once nothing is to be transferred."""
    if _call_under_way(session, line.id):
        return  # what became of it must be known first: the line stays as it is
    left, kept = due(session, line), line.paid_to_seller_cents
    given = line.transferred_cents + line.netted_cents
    if debts_of_line(session, line.id) > 0:
        target = T.REVERSAL_FAILED
    elif kept > left:
        return  # a reversal is under way
    elif given == 0:
        target = T.CANCELLED
    elif kept < left:
        return  # a refund that is decided will take the rest
    elif left == 0:
        target = T.REVERSED
    elif left < line.seller_cents and line.reversed_cents + line.recovered_cents:
        target = T.PARTIALLY_REVERSED
    else:
        target = T.DONE
    if target is not line.transfer_state:
        change_transfer(session, line, _TOWARDS[target])
        holds.clear(line)


def _call_under_way(session: Session, line_id: str) -> bool:
    return bool(
        session.scalar(
            select(LineTransfer.id)
            .where(LineTransfer.line_id == line_id, LineTransfer.state == LineTransferState.PENDING)
            .limit(1)
        )
    )
