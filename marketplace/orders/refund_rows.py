"""Rows of refunds: what can still be given back, and what a decision sets going.

The caller holds the order, its sellers' money and its lines (orders.locks).
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.errors import ConflictError, InvalidError
from marketplace.core.money import Money
from marketplace.core.task_queue import TaskQueue, enqueue
from marketplace.orders.history import note_order
from marketplace.orders.line_money import rebalance
from marketplace.orders.line_sums import reserved
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.refund_models import Refund, RefundRequest
from marketplace.orders.rights import doubled, settle_right
from marketplace.orders.states import (
    REFUNDABLE,
    OrderState,
    RefundReason,
    RefundState,
    RequestState,
)
from marketplace.task_names import TaskName

MAX_NOTE = 2000
UNDER_DISPUTE = (
    "Your bank is looking at this payment already. It will decide; we cannot give the money back "
    "a second time."
)


def refundable_cents(session: Session, line: OrderLine) -> int:
    """What of a line's price can still be given back: neither booked nor decided yet."""
    return line.price_cents - line.refunded_cents - reserved(session, line.id).cents


def must_be_refundable(order: Order) -> None:
    """Raises ConflictError, with a text for people, where nothing may be given back."""
    if order.state in REFUNDABLE:
        return
    if order.state in {OrderState.DISPUTED, OrderState.CHARGED_BACK}:
        raise ConflictError(UNDER_DISPUTE, "in_dispute")
    if order.state is OrderState.REFUNDED:
        raise ConflictError("This order has been given back already.", "refunded_already")
    raise ConflictError("This order is not paid, so there is nothing to give back.", "not_paid")


def open_request(session: Session, line_id: str) -> RefundRequest | None:
    """The request of a line that waits for an answer."""
    return session.scalar(
        select(RefundRequest).where(
            RefundRequest.line_id == line_id, RefundRequest.state == RequestState.OPEN
        )
    )


def decide(request: RefundRequest, state: RequestState, answer: str, actor: str | None) -> None:
    """Answer a request."""
    request.state, request.answer = state, answer
    request.decided_by, request.decided_at = actor, now()


def give_back(
    session: Session,
    queue: TaskQueue,
    order: Order,
    parts: Mapping[OrderLine, int | None],
    reason: RefundReason,
    note: str,
    request: RefundRequest | None = None,
    actor_id: str | None = None,
) -> list[Refund]:
    """Rows for locked lines; rights end and transfers stop with them."""
    made = []
    for line, asked in parts.items():
        waiting = reserved(session, line.id)
        given = line.refunded_cents + waiting.cents
        left = line.price_cents - given
        cents = left if asked is None else asked
        if not 0 < cents <= left:
            raise InvalidError(
                f"Of “{line.title}” {Money(left)} can be given back: write that or less, and at "
                "least one cent.",
                "not_refundable",
                field="cents",
            )
        # Cumulative, so that the last part takes what rounding has left of the tax.
        tax = line.tax_cents * (given + cents) // line.price_cents
        tax = max(0, tax - line.refunded_tax_cents - waiting.tax_cents)
        row = new_row(order, line, cents, tax, reason, note, request, actor_id)
        made.append(start(session, queue, order, row))
        _close_request(session, line, row)
        settle_right(session, line)
        rebalance(session, queue, line)
    return made


def give_back_doubled(session: Session, queue: TaskQueue, order: Order, line: OrderLine) -> None:
    """Give back a line that the buyer owns by another order, unless that is under way.

    A dispute may have kept it from being given back when it was paid.
    """
    if order.state in REFUNDABLE and doubled(session, line):
        parts: dict[OrderLine, int | None] = {line: None}
        give_back(session, queue, order, parts, RefundReason.DUPLICATE, "owned already")


def _close_request(session: Session, line: OrderLine, row: Refund) -> None:
    """Whoever asked for what is given back anyway need not wait for an answer."""
    waiting = open_request(session, line.id)
    if waiting is not None and refundable_cents(session, line) <= 0:
        decide(waiting, RequestState.APPROVED, "Your money is on its way back.", row.decided_by)
        row.request_id = waiting.id


def new_row(
    order: Order,
    line: OrderLine | None,
    cents: int,
    tax_cents: int,
    reason: RefundReason,
    note: str,
    request: RefundRequest | None,
    actor_id: str | None,
) -> Refund:
    """A refund that is decided and not yet submitted."""
    return Refund(
        order_id=order.id,
        line_id=line.id if line is not None else None,
        request_id=request.id if request is not None else None,
        cents=cents,
        tax_cents=tax_cents,
        currency=order.currency,
        state=RefundState.REQUESTED,
        reason=reason,
        note=note.strip()[:MAX_NOTE],
        asked_by=request.buyer_id if request is not None else actor_id,
        decided_by=actor_id,
        attempt=1,
    )


def start(session: Session, queue: TaskQueue, order: Order, row: Refund) -> Refund:
    """Keep a decided refund and have it submitted after the commit."""
    session.add(row)
    session.flush()
    note = f"{row.paid_back_cents} cents: {row.reason.value}"
    note_order(session, order, "refund_decided", note, row.decided_by)
    enqueue(session, queue, TaskName.SUBMIT_REFUND, row.id)
    return row
