"""Paying sellers: transfers out of a line's charge, each made exactly once.

Claim (short transaction: the row, and what is set off against debts) → Stripe (none) → record
(short transaction).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.money import Money
from marketplace.core.task_queue import TaskQueue, enqueue
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.payments import KEY_REUSED, PaymentError, Transfer
from marketplace.orders import ledger
from marketplace.orders.alerts import AlertKind, note_refusal, raise_alert
from marketplace.orders.debts import recover, seller_debt
from marketplace.orders.history import change_transfer, note_line
from marketplace.orders.holds import OURS, HoldCode, clear, release
from marketplace.orders.line_money import payable_now, rebalance
from marketplace.orders.locks import lock_line, lock_line_money
from marketplace.orders.models import OrderLine
from marketplace.orders.states import TransferAction, TransferState
from marketplace.orders.transfer_models import LineTransfer, LineTransferState, TransferKind
from marketplace.task_names import TaskName

log = logging.getLogger(__name__)

KEY_LIFETIME = timedelta(hours=20)
"""Stripe remembers an idempotency key for 24 hours at least; later it must be asked first."""
ACCOUNT_CODES = frozenset(
    {"insufficient_capabilities_for_transfer", "account_invalid", "account_closed"}
)
"""Refusals that have to do with the seller's account and not with where the money comes from."""
LONGEST_CALL = timedelta(minutes=3)
"""Longer than a call with all its retries: one that is older has ended, or its worker has."""


@dataclass(frozen=True)
class _Claim:
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
    """False where a refund came between: it is only found out whether it was made."""


def transfer_line(services: Services, line_id: str) -> TransferState:
    """Move a sold line's share to its seller, unless that is done already.

    What the seller owes is kept back first. A definite refusal holds the transfer with Stripe's
    code, to be released once the reason is gone; only then does the idempotency key change.

    Raises:
        NotFoundError: no such line.
        PaymentUnavailableError: no answer; the line stays pending and is tried again.
    """
    with unit_of_work(services.database) as session:
        claim = _claim(session, services.queue, line_id)
        if claim is None:
            return lock_line(session, line_id).transfer_state
    try:
        made = _find_or_create(services, claim)
    except PaymentError as error:
        with unit_of_work(services.database) as session:
            return _refused(session, services.queue, claim, error.code)
    with unit_of_work(services.database) as session:
        if made is None:
            return _never_made(session, services.queue, claim)
        return _record(session, services.queue, claim, made)


def release_held(session: Session, queue: TaskQueue, seller_id: str) -> int:
    """Set going what was held because a seller's account was not ready; returns how many."""
    line_ids = session.scalars(
        select(OrderLine.id)
        .where(
            OrderLine.seller_id == seller_id,
            OrderLine.transfer_state == TransferState.HELD,
            OrderLine.held_code.not_in([code.value for code in OURS]),
        )
        .order_by(OrderLine.id)
    ).all()
    for line_id in line_ids:
        line = lock_line(session, line_id)
        if line.transfer_state is TransferState.HELD and line.held_code not in OURS:
            release(session, queue, line, line.held_code)
    return len(line_ids)


def _claim(session: Session, queue: TaskQueue, line_id: str) -> _Claim | None:
    line = lock_line_money(session, line_id)
    if line.transfer_state is not TransferState.PENDING:
        return None
    seller = session.get_one(SellerProfile, line.seller_id)
    if seller.stripe_account_id is None:
        # Nothing was asked of Stripe, so the key stays as it is.
        line.held_code = HoldCode.NO_ACCOUNT.value
        change_transfer(session, line, TransferAction.HOLD, line.held_code)
        return None
    row = _open_row(session, line_id)
    last_try = line.transfer_tried_at
    owed = payable_now(session, line)
    wanted = True
    if row is None:
        row = _new_row(session, queue, line, owed, seller.stripe_account_id)
        if row is None:
            return None
    elif owed < row.cents:
        wanted = False
        if last_try is not None and now() - last_try < LONGEST_CALL:
            return None  # the call may still be on its way
    line.transfer_tried_at = now()
    return _Claim(
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


def _find_or_create(services: Services, claim: _Claim) -> Transfer | None:
    payments = services.payments
    made = None
    if claim.ask_first or not claim.wanted:
        made = payments.find_transfer(claim.order_id, claim.line_id, claim.attempt)
    if made is None and not claim.wanted:
        return None
    if made is None:
        made = payments.create_transfer(
            line_id=claim.line_id,
            attempt=claim.attempt,
            amount=claim.amount,
            destination=claim.destination,
            charge_id=claim.charge_id,
            order_id=claim.order_id,
        )
    if made.amount != claim.amount or made.destination != claim.destination:
        raise PaymentError("the transfer differs from what is owed", HoldCode.DIFFERS.value)
    return made


def _refused(session: Session, queue: TaskQueue, claim: _Claim, code: str) -> TransferState:
    line = lock_line_money(session, claim.line_id)
    row = session.get_one(LineTransfer, claim.row_id, populate_existing=True)
    if row.state is not LineTransferState.PENDING:
        return line.transfer_state
    note_refusal(session, code, line.id, line.order_id)
    if code in {HoldCode.DIFFERS, KEY_REUSED}:
        # Whatever was made under this key stays the row's: another key could pay twice.
        code = HoldCode.DIFFERS
        text = "a transfer made under this line's key differs from what is owed"
        raise_alert(session, AlertKind.TRANSFER_DIFFERS, line.id, text, line.order_id)
    else:
        row.state, row.refused_code = LineTransferState.REFUSED, code[:80]
        # The refused key repeats its refusal for a day; the next try needs a fresh one.
        line.transfer_attempt = row.attempt + 1
        again = not row.from_balance and line.reversed_cents > 0 and code not in ACCOUNT_CODES
        if again and line.transfer_state is TransferState.PENDING:
            line.transfer_tried_at = None
            enqueue(session, queue, TaskName.TRANSFER_LINE, line.id)
            return line.transfer_state
    if line.transfer_state is TransferState.PENDING:
        line.held_code = code[:80]
        change_transfer(session, line, TransferAction.HOLD, code)
        log.warning("transfer of line %s is held: %s", line.id, code)
    session.flush()
    if payable_now(session, line) <= 0:
        rebalance(session, queue, line)
    return line.transfer_state


def _never_made(session: Session, queue: TaskQueue, claim: _Claim) -> TransferState:
    """The call was lost before Stripe saw it, and is not wanted any more."""
    line = lock_line_money(session, claim.line_id)
    row = session.get_one(LineTransfer, claim.row_id, populate_existing=True)
    if row.state is LineTransferState.PENDING:
        row.state, row.refused_code = LineTransferState.REFUSED, "never_made"
        line.transfer_attempt = row.attempt + 1
        rebalance(session, queue, line)
    return line.transfer_state


def _record(session: Session, queue: TaskQueue, claim: _Claim, made: Transfer) -> TransferState:
    line = lock_line_money(session, claim.line_id)
    row = session.get_one(LineTransfer, claim.row_id, populate_existing=True)
    if row.state is LineTransferState.DONE:
        return line.transfer_state
    # Also where another worker was refused while this one got through: the money did move.
    row.state, row.transfer_id, row.done_at = LineTransferState.DONE, made.transfer_id, now()
    row.refused_code = None
    line.transfer_id = made.transfer_id
    line.transferred_cents += row.cents
    line.transfer_attempt = max(line.transfer_attempt, row.attempt + 1)
    clear(line)
    change_transfer(session, line, TransferAction.SUCCEED, made.transfer_id)
    payable = ledger.seller_payable(line.seller_id)
    ledger.post(
        session,
        ledger.EntryKind.TRANSFER,
        made.transfer_id,
        [
            ledger.Leg(payable, row.cents, line.id),
            ledger.Leg(ledger.STRIPE_BALANCE, -row.cents, line.id),
        ],
        line.order_id,
    )
    rebalance(session, queue, line)
    return line.transfer_state
