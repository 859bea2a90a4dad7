"""Refunds at the provider: each row submitted once, its news recorded, a failure mirrored."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.errors import NotFoundError
from marketplace.core.money import Money
from marketplace.core.task_queue import TaskQueue
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.payments import PaymentError, RefundFacts
from marketplace.orders.alerts import AlertKind, note_refusal, raise_alert
from marketplace.orders.disputes import share_rests
from marketplace.orders.history import change_refund
from marketplace.orders.line_money import rebalance
from marketplace.orders.locks import lock_lines, lock_order
from marketplace.orders.mails import send_refund_made
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.refund_booking import book, undo
from marketplace.orders.refund_models import Refund
from marketplace.orders.rights import settle_order_state, settle_right
from marketplace.orders.states import (
    OrderState,
    RefundAction,
    RefundReason,
    RefundState,
)
from marketplace.orders.transfer_claims import KEY_LIFETIME

log = logging.getLogger(__name__)

STRIPE_REASONS = {
    RefundReason.DUPLICATE: "duplicate",
    RefundReason.FRAUDULENT: "fraudulent",
    RefundReason.FRAUD_WARNING: "fraudulent",
}
NO_MONEY = frozenset({"balance_insufficient", "insufficient_funds"})
"""The platform's own balance is short: asked again once there is money."""
RETRY_AFTER = timedelta(hours=1)
IN_DISPUTE = "charge_disputed"

_ACTIONS = {
    "pending": RefundAction.PEND,
    "requires_action": RefundAction.ASK,
    "succeeded": RefundAction.SUCCEED,
    "failed": RefundAction.FAIL,
    "canceled": RefundAction.CANCEL,
}


@dataclass(frozen=True)
class _Claim:
    row_id: str
    order_id: str
    line_id: str | None
    attempt: int
    charge_id: str
    amount: Money
    reason: str
    ask_first: bool


def submit_refund(services: Services, refund_id: str) -> RefundState:
    """Give back what a row says, unless that is done; one under way is asked about.

    Raises:
        NotFoundError: no such row.
        PaymentUnavailableError: no answer; the row is tried again by the sweep.
    """
    with unit_of_work(services.database) as session:
        claim = _claim(session, services.queue, refund_id)
        if claim is None:
            row = session.get_one(Refund, refund_id)
            state, stripe_id = row.state, row.refund_id
    if claim is None:
        if state in {RefundState.PENDING, RefundState.REQUIRES_ACTION}:
            return sync_refund(services, str(stripe_id)) or state
        return state
    try:
        facts = _find_or_create(services, claim)
    except PaymentError as error:
        with unit_of_work(services.database) as session:
            return _refused(session, services.queue, claim, error.code)
    with unit_of_work(services.database) as session:
        return record_refund(session, services.queue, claim.row_id, facts).state


def sync_refund(services: Services, stripe_refund_id: str) -> RefundState | None:
    """Ask how a refund stands and record it; None for one that is not ours.

    Raises:
        PaymentUnavailableError, PaymentError: Stripe did not say; nothing changed.
    """
    facts = services.payments.retrieve_refund(stripe_refund_id)
    with unit_of_work(services.database) as session:
        row = recorded_refund(session, services.queue, facts)
        return None if row is None else row.state


def recorded_refund(session: Session, queue: TaskQueue, facts: RefundFacts) -> Refund | None:
    """Record a refund's news; one made in the provider's dashboard raises an alert."""
    known = Refund.refund_id == facts.refund_id
    if facts.row_id:
        known |= Refund.id == facts.row_id
    row_id = session.scalar(select(Refund.id).where(known).limit(1))
    if row_id is not None:
        return record_refund(session, queue, row_id, facts)
    order = session.scalar(select(Order).where(Order.charge_id == facts.charge_id))
    if order is not None:
        text = f"{facts.amount} were given back outside Bracket; the books do not know of it"
        raise_alert(session, AlertKind.REFUND_ELSEWHERE, facts.refund_id, text, order.id)
    return None


def record_refund(session: Session, queue: TaskQueue, row_id: str, facts: RefundFacts) -> Refund:
    """Make a row say what Stripe says, in one transaction with the books, rights and transfers."""
    order, line, row = _locked(session, row_id)
    action = _ACTIONS.get(facts.status)
    if action is None:
        text = f"a refund has the unknown status {facts.status[:40]!r}"
        raise_alert(session, AlertKind.UNKNOWN_STATUS, facts.refund_id, text, order.id)
        return row
    if row.refund_id is None:
        row.refund_id = facts.refund_id
    if row.state is RefundState.REQUESTED:
        # Put back after a refusal that was none, or never claimed: it was made all the same.
        change_refund(session, order, row, RefundAction.SUBMIT)
    if row.state is RefundState.MANUAL:
        return row  # paid from the bank since: the provider's part of it is over
    if facts.taken and row.booked_at is None:
        book(session, order, line, row)
    if facts.returned and row.booked_at is not None and row.undone_at is None:
        undo(session, order, line, row)
    if facts.short:
        _balance_is_short(session, facts.amount, order)
    if change_refund(session, order, row, action, facts.failure_code):
        row.finished_at = now() if action is not RefundAction.PEND else None
        if action in {RefundAction.FAIL, RefundAction.CANCEL}:
            code = facts.failure_code or facts.status
            row.failure_code = code[:80]
            text = f"{facts.amount} came back from the buyer's bank: {code}"
            raise_alert(session, AlertKind.REFUND_FAILED, row.id, text, order.id)
        if action is RefundAction.SUCCEED:
            send_refund_made(session, queue, row)
    return _settled(session, queue, order, line, row)


def _balance_is_short(session: Session, amount: Money, order: Order) -> None:
    text = f"our balance at Stripe does not cover a refund of {amount}"
    raise_alert(session, AlertKind.BALANCE_TOO_LOW, "platform", text, order.id)


def _settled(
    session: Session, queue: TaskQueue, order: Order, line: OrderLine | None, row: Refund
) -> Refund:
    # First: what this refund leaves of its line, a bank may have taken already.
    session.flush()
    share_rests(session, queue, order, lock_lines(session, order))
    if line is not None:
        settle_right(session, line)
        rebalance(session, queue, line)
    settle_order_state(session, order, row.refund_id)
    return row


def _locked(session: Session, row_id: str) -> tuple[Order, OrderLine | None, Refund]:
    order_id = session.scalar(select(Refund.order_id).where(Refund.id == row_id))
    if order_id is None:
        raise NotFoundError
    order = lock_order(session, order_id)
    lines = lock_lines(session, order)
    row = session.get_one(Refund, row_id, populate_existing=True)
    line = next((one for one in lines if one.id == row.line_id), None)
    return order, line, row


def _claim(session: Session, queue: TaskQueue, refund_id: str) -> _Claim | None:
    order, line, row = _locked(session, refund_id)
    if row.state not in {RefundState.REQUESTED, RefundState.SUBMITTED}:
        return None
    if order.state is OrderState.DISPUTED and row.state is RefundState.REQUESTED:
        # The bank was faster, and Stripe refuses to give back what is disputed.
        row.failure_code, row.finished_at = IN_DISPUTE, now()
        change_refund(session, order, row, RefundAction.CANCEL, IN_DISPUTE)
        _settled(session, queue, order, line, row)
        return None
    tried_before, row.tried_at = row.tried_at, now()
    change_refund(session, order, row, RefundAction.SUBMIT)
    return _Claim(
        row_id=row.id,
        order_id=order.id,
        line_id=row.line_id,
        attempt=row.attempt,
        charge_id=str(order.charge_id),
        amount=Money(row.paid_back_cents, row.currency),
        reason=STRIPE_REASONS.get(row.reason, "requested_by_customer"),
        ask_first=tried_before is not None
        and (row.attempt > 1 or now() - row.created_at > KEY_LIFETIME),
    )


def _find_or_create(services: Services, claim: _Claim) -> RefundFacts:
    payments = services.payments
    if claim.ask_first:
        found = payments.find_refund(claim.charge_id, claim.row_id)
        if found is not None:
            return found
    metadata = {"order_id": claim.order_id}
    if claim.line_id is not None:
        metadata["line_id"] = claim.line_id
    return payments.create_refund(
        claim.row_id, claim.attempt, claim.charge_id, claim.amount, claim.reason, metadata
    )


def _refused(session: Session, queue: TaskQueue, claim: _Claim, code: str) -> RefundState:
    order, line, row = _locked(session, claim.row_id)
    if row.state is not RefundState.SUBMITTED or row.attempt != claim.attempt:
        return row.state
    note_refusal(session, code, row.id, order.id)
    row.failure_code = code[:80]
    # Stripe repeats a refusal for as long as it remembers the key; the next try needs another.
    row.attempt += 1
    if code in NO_MONEY:
        change_refund(session, order, row, RefundAction.PUT_BACK, code)
        _balance_is_short(session, claim.amount, order)
        return row.state
    change_refund(session, order, row, RefundAction.FAIL, code)
    row.finished_at = now()
    text = f"Stripe refused a refund of {claim.amount}: {code}"
    raise_alert(session, AlertKind.REFUND_REFUSED, row.id, text, order.id)
    return _settled(session, queue, order, line, row).state
