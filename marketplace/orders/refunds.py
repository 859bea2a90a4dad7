"""Giving money back: what buyers ask, what people decide, and the rows that the calls follow.

Nothing here calls the provider: orders.refund_calls does, once the row is committed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.core.errors import ConflictError, InvalidError, NotFoundError
from marketplace.listings.models import ListingVersion
from marketplace.orders.history import note_line
from marketplace.orders.locks import lock_lines, lock_order
from marketplace.orders.mails import send_refund_declined
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.refund_models import Refund, RefundRequest
from marketplace.orders.refund_rows import (
    MAX_NOTE,
    decide,
    give_back,
    must_be_refundable,
    new_row,
    open_request,
    refundable_cents,
    start,
)
from marketplace.orders.states import (
    BUYERS_REASONS,
    REFUND_STANDS,
    REFUNDABLE,
    OrderState,
    RefundReason,
    RequestState,
)

FAILED_ANSWER = "This prompt no longer makes what it was sold for, so you get your money back."


def request_refund(
    session: Session,
    services: Services,
    line_id: str,
    buyer_id: str,
    reason: RefundReason,
    note: str,
) -> RefundRequest:
    """A buyer asks for the price of one line.

    Where the prompt failed its re-verification the answer is yes, at once.

    Raises:
        NotFoundError: no such line, or another person's.
        ConflictError: asked already, given back already, or the bank decides.
        InvalidError: a reason that buyers cannot give, or a note that is too long.
    """
    if reason not in BUYERS_REASONS:
        raise InvalidError("Choose one of the reasons.", "bad_reason", field="reason")
    if len(note) > MAX_NOTE:
        raise InvalidError(
            f"Please say it in at most {MAX_NOTE} characters; you used {len(note)}.",
            "note_too_long",
            field="note",
        )
    order, line = _locked(session, line_id)
    if order.buyer_id != buyer_id:
        raise NotFoundError
    must_be_refundable(order)
    if refundable_cents(session, line) <= 0:
        raise ConflictError("This has been given back already.", "refunded_already")
    if open_request(session, line.id) is not None:
        raise ConflictError("You have asked already; we will answer soon.", "asked_already")
    request = RefundRequest(
        order_id=order.id,
        line_id=line.id,
        buyer_id=buyer_id,
        reason=reason,
        note=note.strip(),
        state=RequestState.OPEN,
    )
    session.add(request)
    session.flush()
    note_line(session, line, "refund_asked", reason.value, buyer_id)
    version = session.get_one(ListingVersion, line.version_id)
    if version.degraded_since is not None:
        decide(request, RequestState.APPROVED, FAILED_ANSWER, None)
        give_back(
            session, services.queue, order, {line: None}, RefundReason.LISTING_FAILED, "", request
        )
    return request


def decide_refund_request(
    session: Session,
    services: Services,
    request_id: str,
    actor_id: str,
    approve: bool,
    answer: str,
    cents: int | None = None,
) -> RefundRequest:
    """A person answers a request; approving gives back the line, or a part of it.

    Args:
        cents: part of the price, without tax; None for all that is left of it.

    Raises:
        NotFoundError: no such request.
        ConflictError: answered already, or nothing can be given back any more.
        InvalidError: more than is left, or a refusal without words.
    """
    request = session.get(RefundRequest, request_id)
    if request is None:
        raise NotFoundError
    order, line = _locked(session, request.line_id)
    session.refresh(request)
    if request.state is not RequestState.OPEN:
        raise ConflictError("This request has been answered already.", "answered_already")
    answer = answer.strip()
    if not approve and not answer:
        raise InvalidError("Say why not: the buyer will read it.", "no_answer", field="answer")
    if approve:
        must_be_refundable(order)
    state = RequestState.APPROVED if approve else RequestState.DECLINED
    decide(request, state, answer, actor_id)
    note_line(session, line, f"refund_{state.value}", answer or request.reason.value, actor_id)
    if approve:
        give_back(
            session, services.queue, order, {line: cents}, request.reason, answer, request, actor_id
        )
    else:
        send_refund_declined(session, services, request)
    return request


def refund_lines(
    session: Session,
    services: Services,
    order_id: str,
    parts: Mapping[str, int | None],
    reason: RefundReason,
    note: str,
    actor_id: str | None,
    request_id: str | None = None,
) -> list[Refund]:
    """Give back lines of an order, each in whole (None) or in part (cents of its price).

    The rows are committed by the caller; the calls follow from a worker.

    Raises:
        NotFoundError: no such order, or a line of another one.
        ConflictError: not paid, in dispute, or nothing left to give back.
        InvalidError: a part of less than one cent or more than is left.
    """
    order = lock_order(session, order_id)
    must_be_refundable(order)
    lines = {line.id: line for line in lock_lines(session, order)}
    if not parts or not set(parts) <= set(lines):
        raise NotFoundError("Choose lines of this order.")
    request = session.get_one(RefundRequest, request_id) if request_id else None
    wanted = {lines[line_id]: cents for line_id, cents in parts.items()}
    return give_back(session, services.queue, order, wanted, reason, note, request, actor_id)


def refund_order(
    session: Session,
    services: Services,
    order_id: str,
    reason: RefundReason,
    note: str,
    actor_id: str | None,
) -> list[Refund]:
    """Give back all that is left of an order.

    Raises:
        NotFoundError, ConflictError: as ``refund_lines``.
    """
    order = lock_order(session, order_id)
    must_be_refundable(order)
    left = {
        line: None for line in lock_lines(session, order) if refundable_cents(session, line) > 0
    }
    if not left:
        raise ConflictError("This order has been given back already.", "refunded_already")
    return give_back(session, services.queue, order, left, reason, note, None, actor_id)


def refund_listing_buyers(
    session: Session,
    services: Services,
    listing_id: str,
    reason: RefundReason,
    note: str,
    actor_id: str | None,
    since: datetime | None = None,
) -> list[Refund]:
    """Give everyone who bought a listing their money back; safe to repeat.

    Args:
        since: only who paid from then on; None for everybody.
    """
    found = (
        select(Order.id)
        .join(Order.lines)
        .where(OrderLine.listing_id == listing_id, Order.state.in_(REFUNDABLE))
        .order_by(Order.id)
    )
    if since is not None:
        found = found.where(Order.paid_at >= since)
    # All orders before any seller's money: the order of orders.locks.
    orders = [lock_order(session, order_id) for order_id in session.scalars(found).all()]
    made: list[Refund] = []
    for order in orders:
        if order.state not in REFUNDABLE:
            continue
        lines: dict[OrderLine, int | None] = {
            line: None
            for line in lock_lines(session, order)
            if line.listing_id == listing_id and refundable_cents(session, line) > 0
        }
        if lines:
            made += give_back(session, services.queue, order, lines, reason, note, None, actor_id)
    return made


def refund_parked(
    session: Session, services: Services, order_id: str, note: str, actor_id: str | None
) -> Refund:
    """Give back the money of an order in review: nothing of it was delivered.

    Raises:
        NotFoundError: no such order.
        ConflictError: not in review, no money of ours, or given back already.
    """
    order = lock_order(session, order_id)
    if order.state is not OrderState.REVIEW or order.charge_id is None or not order.arrived_cents:
        raise ConflictError("There is no money in review for this order.", "not_in_review")
    standing = select(Refund.id).where(Refund.order_id == order.id, Refund.state.in_(REFUND_STANDS))
    if session.scalar(standing.limit(1)) is not None:
        raise ConflictError("This money is being given back already.", "refunded_already")
    row = new_row(order, None, order.arrived_cents, 0, RefundReason.OTHER, note, None, actor_id)
    return start(session, services.queue, order, row)


def _locked(session: Session, line_id: str) -> tuple[Order, OrderLine]:
    order_id = session.scalar(select(OrderLine.order_id).where(OrderLine.id == line_id))
    if order_id is None:
        raise NotFoundError
    order = lock_order(session, order_id)
    return order, next(line for line in lock_lines(session, order) if line.id == line_id)


__all__ = [
    "decide_refund_request",
    "refund_lines",
    "refund_listing_buyers",
    "refund_order",
    "refund_parked",
    "refundable_cents",
    "request_refund",
]
