"""Debts that the house bears, and taking that back where the share turns out to be due after all.

The caller holds the seller's money and the line (orders.locks).
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.orders import ledger
from marketplace.orders.history import note_line
from marketplace.orders.models import OrderLine
from marketplace.orders.states import ReversalState
from marketplace.orders.transfer_models import TransferReversal, WriteOff


def take_back(session: Session, line: OrderLine, cents: int) -> int:
    """Undo up to ``cents`` of what was written off for a line; returns how much.

    The seller kept a share that they owed, and the debt was written off. Now the share is theirs
    again (a dispute was won, a refund came back): they have it already, and are not paid it twice.
    """
    taken = 0
    rows = session.scalars(
        select(TransferReversal)
        .where(TransferReversal.line_id == line.id, TransferReversal.written_off_cents > 0)
        .order_by(TransferReversal.created_at.desc(), TransferReversal.id)
    ).all()
    for row in rows:
        part = min(cents - taken, row.written_off_cents)
        taken += part
        row.written_off_cents -= part
        row.recovered_cents -= part
        if part == row.cents:
            row.state = ReversalState.CANCELLED
        else:
            row.cents -= part
    if taken:
        line.recovered_cents -= taken
        note_line(session, line, "write_off_undone", f"{taken} cents: the share is due after all")
        _book(session, line, taken)
    return taken


def _book(session: Session, line: OrderLine, cents: int) -> None:
    """The mirror of the newest write-offs, as far as needed."""
    rows = session.scalars(
        select(WriteOff)
        .where(WriteOff.seller_id == line.seller_id, WriteOff.taken_back_cents < WriteOff.cents)
        .order_by(WriteOff.created_at.desc(), WriteOff.id)
    ).all()
    for row in rows:
        part = min(cents, row.cents - row.taken_back_cents)
        if part == 0:
            break
        cents -= part
        row.taken_back_cents += part
        ledger.post(
            session,
            ledger.EntryKind.WRITE_OFF_UNDONE,
            f"{row.id}:{row.taken_back_cents}",
            {ledger.seller_payable(line.seller_id): part, ledger.LOSS: -part},
            line.order_id,
            row.reason,
        )
    if cents:
        raise ValueError("more was taken back than was written off")
