"""Paying sellers: transfers out of a line's charge, each made exactly once.

Claim (short transaction: the row, and what is set off against debts) → Stripe (none) → record
(short transaction).
"""

from __future__ import annotations

import logging

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.task_queue import TaskQueue, enqueue
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.payments import KEY_REUSED, PaymentError, Transfer
from marketplace.orders import ledger
from marketplace.orders.alerts import AlertKind, note_refusal, raise_alert
from marketplace.orders.history import change_transfer
from marketplace.orders.holds import OURS, HoldCode, clear, release
from marketplace.orders.line_money import rebalance
from marketplace.orders.line_sums import payable_now
from marketplace.orders.locks import lock_line, lock_line_money
from marketplace.orders.models import OrderLine
from marketplace.orders.states import TransferAction, TransferState
from marketplace.orders.transfer_claims import ACCOUNT_CODES, Claim, claim_transfer
from marketplace.orders.transfer_models import LineTransfer, LineTransferState
from marketplace.task_names import TaskName

log = logging.getLogger(__name__)


def transfer_line(services: Services, line_id: str) -> TransferState:
    """Move a sold line's share to its seller, unless that is done already.

    What the seller owes is kept back first. A definite refusal holds the transfer with Stripe's
    code, to be released once the reason is gone; only then does the idempotency key change.

    Raises:
        NotFoundError: no such line.
        PaymentUnavailableError: no answer; the line stays pending and is tried again.
    """
    with unit_of_work(services.database) as session:
        claim = claim_transfer(session, services.queue, line_id)
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


def _find_or_create(services: Services, claim: Claim) -> Transfer | None:
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


def _refused(session: Session, queue: TaskQueue, claim: Claim, code: str) -> TransferState:
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


def _never_made(session: Session, queue: TaskQueue, claim: Claim) -> TransferState:
    """The call was lost before Stripe saw it, and is not wanted any more."""
    line = lock_line_money(session, claim.line_id)
    row = session.get_one(LineTransfer, claim.row_id, populate_existing=True)
    if row.state is LineTransferState.PENDING:
        row.state, row.refused_code = LineTransferState.REFUSED, "never_made"
        line.transfer_attempt = row.attempt + 1
        rebalance(session, queue, line)
    return line.transfer_state


def _record(session: Session, queue: TaskQueue, claim: Claim, made: Transfer) -> TransferState:
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
