"""What one attempt at paying a seller is about, decided under the locks before the call is made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import now
from marketplace.core.money import Money
from marketplace.core.task_queue import TaskQueue
from marketplace.orders.debts import recover, seller_debt
from marketplace.orders.history import change_transfer, note_line
from marketplace.orders.holds import HoldCode
from marketplace.orders.line_money import rebalance
from marketplace.orders.line_sums import payable_now
from marketplace.orders.locks import lock_line_money
from marketplace.orders.models import OrderLine
from marketplace.orders.states import TransferAction, TransferState
from marketplace.orders.transfer_models import LineTransfer, LineTransferState, TransferKind

KEY_LIFETIME = timedelta(hours=20)
"""Stripe remembers an idempotency key for 24 hours at least; later it must be asked first."""
ACCOUNT_CODES = frozenset(
    {"insufficient_capabilities_for_transfer", "account_invalid", "account_closed"}
)
"""Refusals that have to do with the seller's account and not with where the money comes from."""
LONGEST_CALL = timedelta(minutes=3)
"""Longer than a call with all its retries: one that is older has ended, or its worker has."""


@dataclass(frozen=True)
class Claim:
    """What one attempt at a transfer needs to know."""

    row_id: str
    line_id: str
    order_id: str
    attempt: int
    amount: Money
    destination: str
    charge_id: str | None
    ask_first: bool
    wanted: bool
    """False where a refund or a hold came between: it is only found out whether it was made."""


def claim_transfer(session: Session, queue: TaskQueue, line_id: str) -> Claim | None:
    """What to ask of Stripe for a line; None where nothing is to be asked now.

    What the seller owes is set off on the way.

    Raises:
        NotFoundError: no such line.
    """
    line = lock_line_money(session, line_id)
    row = _open_row(session, line_id)
    # Where what was made differs from what is owed, a person has been told: nothing is asked again.
    held = line.transfer_state is TransferState.HELD and line.held_code != HoldCode.DIFFERS
    if line.transfer_state is not TransferState.PENDING and not (held and row is not None):
        return None
    seller = session.get_one(SellerProfile, line.seller_id)
    if seller.stripe_account_id is None:
        # Nothing was asked of Stripe, so the key stays as it is.
        line.held_code = HoldCode.NO_ACCOUNT.value
        change_transfer(session, line, TransferAction.HOLD, line.held_code)
        return None
    owed = payable_now(session, line)
    wanted = True
    if row is None:
        row = _new_row(session, queue, line, owed, seller.stripe_account_id)
        if row is None:
            return None
    elif held or owed < row.cents:
        wanted = False
        if row.called_at is not None and now() - row.called_at < LONGEST_CALL:
            return None  # the call may still be on its way
    line.transfer_tried_at = row.called_at = now()
    return Claim(
        row_id=row.id,
        line_id=line.id,
        order_id=line.order_id,
        attempt=row.attempt,
        amount=Money(row.cents, row.currency),
        destination=str(row.destination),
        charge_id=None if row.from_balance else str(line.order.charge_id),
        ask_first=now() - row.created_at > KEY_LIFETIME,
        wanted=wanted,
    )


def _open_row(session: Session, line_id: str) -> LineTransfer | None:
    return session.scalar(
        select(LineTransfer).where(
            LineTransfer.line_id == line_id, LineTransfer.state == LineTransferState.PENDING
        )
    )


def _new_row(
    session: Session, queue: TaskQueue, line: OrderLine, owed: int, destination: str
) -> LineTransfer | None:
    """What the seller owes is set off, the rest becomes a transfer; None where nothing is left."""
    if owed > 0:
        owed -= _set_off(session, queue, line, owed)
    if owed <= 0:
        rebalance(session, queue, line)
        return None
    row = _row(line, TransferKind.TRANSFER, LineTransferState.PENDING, owed)
    row.destination, row.from_balance = destination, _charge_is_spent(session, line)
    session.add(row)
    session.flush()
    session.refresh(row)
    return row


def _charge_is_spent(session: Session, line: OrderLine) -> bool:
    """Whether Stripe would not let a share that was called back out of its charge again."""
    last = session.scalar(
        select(LineTransfer)
        .where(LineTransfer.line_id == line.id)
        .order_by(LineTransfer.attempt.desc())
        .limit(1)
    )
    if last is None or last.state is not LineTransferState.REFUSED or not line.reversed_cents:
        return False
    return last.refused_code not in ACCOUNT_CODES


def _set_off(session: Session, queue: TaskQueue, line: OrderLine, owed: int) -> int:
    """Keep back what the seller owes from an older sale; the account nets in the books."""
    part = min(owed, seller_debt(session, line.seller_id))
    if part <= 0:
        return 0
    row = _row(line, TransferKind.NETTING, LineTransferState.DONE, part)
    row.done_at = now()
    session.add(row)
    line.netted_cents += part
    line.transfer_attempt += 1
    note_line(session, line, "netted", f"{part} cents were set off against an older debt")
    session.flush()
    recover(session, queue, line.seller_id, part, "were kept from a later sale")
    return part


def _row(line: OrderLine, kind: TransferKind, state: LineTransferState, cents: int) -> LineTransfer:
    return LineTransfer(
        line_id=line.id,
        seller_id=line.seller_id,
        kind=kind,
        state=state,
        attempt=line.transfer_attempt,
        cents=cents,
        currency=line.currency,
        reversed_cents=0,
    )
