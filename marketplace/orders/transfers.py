"""Paying sellers: one transfer per sold line, out of that line's charge, made exactly once.

Claim (short transaction) → Stripe (none) → record (short transaction).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.money import Money
from marketplace.core.task_queue import TaskQueue, enqueue
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.payments import PaymentError, Transfer
from marketplace.orders import ledger
from marketplace.orders.history import change_transfer
from marketplace.orders.locks import lock_line
from marketplace.orders.models import OrderLine
from marketplace.orders.states import TransferAction, TransferState
from marketplace.task_names import TaskName

log = logging.getLogger(__name__)

KEY_LIFETIME = timedelta(hours=20)
"""Stripe remembers an idempotency key for 24 hours at least; later it must be asked first."""
NO_ACCOUNT = "no_connected_account"
DIFFERS = "existing_transfer_differs"


@dataclass(frozen=True)
class _Claim:
    """What one attempt at a transfer needs to know."""

    line_id: str
    order_id: str
    attempt: int
    amount: Money
    destination: str
    charge_id: str
    ask_first: bool


def transfer_line(services: Services, line_id: str) -> TransferState:
    """Move a sold line's share to its seller, unless that is done already.

    A definite refusal holds the transfer with Stripe's code, to be released once the reason is
    gone; only then does the idempotency key change.

    Raises:
        NotFoundError: no such line.
        PaymentUnavailableError: no answer; the line stays pending and is tried again.
    """
    with unit_of_work(services.database) as session:
        claim = _claim(session, line_id)
        if claim is None:
            return lock_line(session, line_id).transfer_state
    try:
        made = _find_or_create(services, claim)
    except PaymentError as error:
        with unit_of_work(services.database) as session:
            return _hold(session, claim, error.code)
    with unit_of_work(services.database) as session:
        return _record(session, claim, made)


def release_held(session: Session, queue: TaskQueue, seller_id: str) -> int:
    """Set a seller's held transfers going again; returns how many there were."""
    line_ids = session.scalars(
        select(OrderLine.id)
        .where(OrderLine.seller_id == seller_id, OrderLine.transfer_state == TransferState.HELD)
        .order_by(OrderLine.id)
    ).all()
    for line_id in line_ids:
        line = lock_line(session, line_id)
        if line.transfer_state is TransferState.HELD:
            change_transfer(session, line, TransferAction.RELEASE, line.held_code)
            line.held_code = None
            enqueue(session, queue, TaskName.TRANSFER_LINE, line.id)
    return len(line_ids)


def _claim(session: Session, line_id: str) -> _Claim | None:
    line = lock_line(session, line_id)
    if line.transfer_state is not TransferState.PENDING:
        return None
    order, seller = line.order, session.get_one(SellerProfile, line.seller_id)
    if seller.stripe_account_id is None:
        # Nothing was asked of Stripe, so the key stays as it is.
        change_transfer(session, line, TransferAction.HOLD, NO_ACCOUNT)
        line.held_code = NO_ACCOUNT
        return None
    tried_before, line.transfer_tried_at = line.transfer_tried_at, now()
    return _Claim(
        line_id=line.id,
        order_id=order.id,
        attempt=line.transfer_attempt,
        amount=Money(line.seller_cents, line.currency),
        destination=seller.stripe_account_id,
        charge_id=str(order.charge_id),
        ask_first=tried_before is not None
        and (line.transfer_attempt > 1 or _key_may_be_forgotten(order.paid_at)),
    )


def _key_may_be_forgotten(paid_at: datetime | None) -> bool:
    # Counted from the payment and not from the last try: a key is as old as its first use.
    return paid_at is None or now() - paid_at > KEY_LIFETIME


def _find_or_create(services: Services, claim: _Claim) -> Transfer:
    payments = services.payments
    made = payments.find_transfer(claim.order_id, claim.line_id) if claim.ask_first else None
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
        raise PaymentError("the transfer differs from what is owed", DIFFERS)
    return made


def _hold(session: Session, claim: _Claim, code: str) -> TransferState:
    line = lock_line(session, claim.line_id)
    if line.transfer_state is TransferState.PENDING and line.transfer_attempt == claim.attempt:
        change_transfer(session, line, TransferAction.HOLD, code)
        line.held_code = code[:80]
        # The refused key repeats its refusal for a day; the next try needs a fresh one.
        line.transfer_attempt += 1
        log.warning("transfer of line %s is held: %s", line.id, code)
    return line.transfer_state


def _record(session: Session, claim: _Claim, made: Transfer) -> TransferState:
    line = lock_line(session, claim.line_id)
    if line.transfer_state is TransferState.HELD:
        # Another worker was refused while this one got through: the money did move.
        change_transfer(session, line, TransferAction.RELEASE, "the transfer was made after all")
    if change_transfer(session, line, TransferAction.SUCCEED, made.transfer_id):
        line.transfer_id, line.held_code = made.transfer_id, None
        payable, cents = ledger.seller_payable(line.seller_id), line.seller_cents
        ledger.post(
            session,
            ledger.EntryKind.TRANSFER,
            made.transfer_id,
            {payable: cents, ledger.STRIPE_BALANCE: -cents},
            line.order_id,
        )
    return line.transfer_state
