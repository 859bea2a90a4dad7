"""Calling money back from sellers, each row exactly once.

Stripe documents two behaviours: it succeeds and leaves the seller's account negative, or it is
refused because the account's balance is short. The second makes a debt (orders.debts).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.errors import NotFoundError
from marketplace.core.money import Money
from marketplace.core.task_queue import TaskQueue
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.payments import PaymentError, Reversal
from marketplace.orders import ledger
from marketplace.orders.alerts import AlertKind, note_refusal, raise_alert
from marketplace.orders.dispute_models import Dispute
from marketplace.orders.history import note_line
from marketplace.orders.line_money import rebalance
from marketplace.orders.locks import lock_line_money
from marketplace.orders.models import OrderLine
from marketplace.orders.states import ReversalState
from marketplace.orders.transfer_claims import KEY_LIFETIME
from marketplace.orders.transfer_models import LineTransfer, TransferReversal

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Claim:
    row_id: str
    line_id: str
    transfer_id: str
    attempt: int
    amount: Money
    ask_first: bool


def reverse_transfer(services: Services, reversal_id: str) -> ReversalState:
    """Call one sum back from a seller, unless that is done already.

    Raises:
        NotFoundError: no such row.
        PaymentUnavailableError: no answer; the row stays pending and is tried again.
    """
    with unit_of_work(services.database) as session:
        row = _locked(session, reversal_id)[0]
        if row.state is not ReversalState.PENDING:
            return row.state
        claim = _claim(session, row)
    try:
        made = _find_or_create(services, claim)
    except PaymentError as error:
        with unit_of_work(services.database) as session:
            return _refused(session, services.queue, claim, error.code)
    with unit_of_work(services.database) as session:
        return _record(session, services.queue, claim, made)


def _locked(session: Session, reversal_id: str) -> tuple[TransferReversal, OrderLine]:
    row = session.get(TransferReversal, reversal_id)
    if row is None:
        raise NotFoundError
    line = lock_line_money(session, row.line_id)
    session.refresh(row)
    return row, line


def _claim(session: Session, row: TransferReversal) -> _Claim:
    sent = session.get_one(LineTransfer, row.line_transfer_id)
    tried_before, row.tried_at = row.tried_at, now()
    return _Claim(
        row_id=row.id,
        line_id=row.line_id,
        transfer_id=str(sent.transfer_id),
        attempt=row.attempt,
        amount=Money(row.cents, row.currency),
        # After a refusal too: a refusal may say that it was made already.
        ask_first=tried_before is not None
        and (row.attempt > 1 or now() - row.created_at > KEY_LIFETIME),
    )


def _find_or_create(services: Services, claim: _Claim) -> Reversal:
    payments = services.payments
    if claim.ask_first:
        found = payments.find_reversal(claim.transfer_id, claim.row_id)
        if found is not None:
            return found
    return payments.create_reversal(
        claim.row_id, claim.attempt, claim.transfer_id, claim.amount, claim.line_id
    )


def _refused(session: Session, queue: TaskQueue, claim: _Claim, code: str) -> ReversalState:
    row, line = _locked(session, claim.row_id)
    if row.state is not ReversalState.PENDING or row.attempt != claim.attempt:
        return row.state
    note_refusal(session, code, row.id, line.order_id)
    row.state, row.refused_code = ReversalState.REFUSED, code[:80]
    # Stripe repeats a refusal for as long as it remembers the key; the next try needs another.
    row.attempt += 1
    note_line(session, line, "reversal_refused", f"{row.cents} cents: {code}")
    text = f"{Money(row.cents)} could not be called back from the seller: {code}"
    raise_alert(session, AlertKind.REVERSAL_REFUSED, row.id, text, line.order_id)
    rebalance(session, queue, line)
    return row.state


def _record(session: Session, queue: TaskQueue, claim: _Claim, made: Reversal) -> ReversalState:
    row, line = _locked(session, claim.row_id)
    if row.state is ReversalState.DONE:
        return row.state
    cents = made.amount.cents
    row.state, row.reversal_id, row.done_at = ReversalState.DONE, made.reversal_id, now()
    row.cents, row.refused_code = cents, None
    sent = session.get_one(LineTransfer, row.line_transfer_id, populate_existing=True)
    sent.reversed_cents += cents
    line.reversed_cents += cents
    account = _account(session, row, line)
    ledger.post(
        session,
        ledger.EntryKind.REVERSAL,
        made.reversal_id,
        [
            ledger.Leg(ledger.STRIPE_BALANCE, cents, line.id),
            ledger.Leg(account, -cents, line.id),
        ],
        line.order_id,
    )
    note_line(session, line, "called_back", f"{cents} cents: {made.reversal_id}")
    rebalance(session, queue, line)
    return row.state


def _account(session: Session, row: TransferReversal, line: OrderLine) -> str:
    """Where the money waits: with an open dispute's, else with what the seller is owed.

    A dispute that ended while the call was under way was booked without this sum: what was lost
    stands as the seller's debt, and what was won is owed to them.
    """
    payable = ledger.seller_payable(line.seller_id)
    if row.dispute_id is None:
        return payable
    dispute = session.get_one(Dispute, row.dispute_id)
    part = next((one for one in dispute.lines if one.line_id == line.id), None)
    if part is None or part.lost or part.returned:
        return payable
    session.refresh(part, with_for_update={"key_share": True})
    if part.held_cents + row.cents > part.seller_cents:
        return payable
    part.held_cents += row.cents
    return ledger.seller_held(dispute.dispute_id)
