"""What waits for a person, as numbers, and the lists behind them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from marketplace.accounts.models import User
from marketplace.core.database import Base
from marketplace.core.web.pagination import Page
from marketplace.orders.books_models import MoneyAlert, Reconciliation
from marketplace.orders.dispute_models import Dispute
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.refund_models import Refund, RefundRequest
from marketplace.orders.states import (
    DISPUTE_ANSWERABLE,
    REFUND_STANDS,
    REFUNDABLE,
    OrderState,
    RefundState,
    RequestState,
)

PAGE_SIZE = 25
CAME_BACK = (RefundState.FAILED, RefundState.CANCELED)
"""Refunds whose money never reached the buyer."""
_BY_HAND = (*REFUNDABLE, OrderState.REVIEW)
_ANSWER = Dispute.status.in_(DISPUTE_ANSWERABLE) & Dispute.submitted_at.is_(None)
_ANOTHER = aliased(Refund)
# Nothing is to be paid by hand where the sum was given back in another way, or a bank took it.
_CAME_BACK = and_(
    Refund.state.in_(CAME_BACK),
    exists().where(Order.id == Refund.order_id, Order.state.in_(_BY_HAND)),
    or_(
        and_(
            Refund.line_id.is_(None),
            ~exists().where(
                _ANOTHER.order_id == Refund.order_id, _ANOTHER.state.in_(REFUND_STANDS)
            ),
        ),
        exists().where(
            OrderLine.id == Refund.line_id,
            OrderLine.price_cents - OrderLine.refunded_cents >= Refund.cents,
        ),
    ),
)


@dataclass(frozen=True)
class Todo:
    """How much waits for a person."""

    requests: int
    parked: int
    failed: int
    disputes: int
    alerts: int
    next_due: datetime | None
    """Until when the most urgent dispute must be answered."""

    @property
    def refunds(self) -> int:
        """All that waits on the page of refunds."""
        return self.requests + self.parked + self.failed


def todo(session: Session) -> Todo:
    """Count what waits."""
    parked = Order.state == OrderState.REVIEW
    row = session.execute(
        select(
            _count(RefundRequest, RefundRequest.state == RequestState.OPEN),
            _count(Order, parked),
            _count(Refund, _CAME_BACK),
            _count(Dispute, _ANSWER),
            _count(MoneyAlert, MoneyAlert.resolved_at.is_(None)),
            select(func.min(Dispute.due_by)).where(_ANSWER).scalar_subquery(),
        )
    ).one()
    return Todo(*row)


def requests_page(session: Session, number: int, answered: bool) -> Page[RefundRequest]:
    """Refund requests: those that wait, the oldest first; or those answered, the newest first."""
    open_ = RefundRequest.state == RequestState.OPEN
    which = ~open_ if answered else open_
    newest = func.coalesce(RefundRequest.decided_at, RefundRequest.created_at).desc()
    order = newest if answered else RefundRequest.created_at.asc()
    rows = session.scalars(
        select(RefundRequest)
        .options(joinedload(RefundRequest.line), joinedload(RefundRequest.order))
        .where(which)
        .order_by(order, RefundRequest.id)
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    ).all()
    total = session.scalar(select(_count(RefundRequest, which))) or 0
    return Page(rows, number, PAGE_SIZE, total)


def parked_page(session: Session, number: int) -> Page[Order]:
    """Orders whose money arrived and that nobody may deliver, the oldest first."""
    which = Order.state == OrderState.REVIEW
    rows = session.scalars(
        select(Order)
        .options(selectinload(Order.lines))
        .where(which)
        .order_by(Order.created_at, Order.id)
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    ).all()
    total = session.scalar(select(_count(Order, which))) or 0
    return Page(rows, number, PAGE_SIZE, total)


def failed_page(session: Session, number: int) -> Page[Refund]:
    """Refunds that came back to us and must be paid by hand, the oldest first."""
    rows = session.scalars(
        select(Refund)
        .options(joinedload(Refund.line), joinedload(Refund.order))
        .where(_CAME_BACK)
        .order_by(Refund.created_at, Refund.id)
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    ).all()
    total = session.scalar(select(_count(Refund, _CAME_BACK))) or 0
    return Page(rows, number, PAGE_SIZE, total)


def is_to_be_paid_by_hand(session: Session, refund_id: str) -> bool:
    """True while a refund has failed and its sum was not given back in another way."""
    found = select(Refund.id).where(Refund.id == refund_id, _CAME_BACK)
    return session.scalar(found) is not None


def disputes_page(session: Session, number: int) -> Page[Dispute]:
    """All disputes: those to be answered first, by their due date; then the newest."""
    order = (_ANSWER.desc(), Dispute.due_by.asc().nulls_last(), Dispute.opened_at.desc())
    rows = session.scalars(
        select(Dispute)
        .options(joinedload(Dispute.order))
        .order_by(*order)
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    ).all()
    total = session.scalar(select(func.count()).select_from(Dispute)) or 0
    return Page(rows, number, PAGE_SIZE, total)


def last_reconciliation(session: Session) -> Reconciliation | None:
    """The newest comparison with Stripe's books."""
    return session.scalar(
        select(Reconciliation)
        .options(selectinload(Reconciliation.differences))
        .order_by(Reconciliation.created_at.desc())
        .limit(1)
    )


def emails(session: Session, orders: list[Order]) -> dict[str, str]:
    """The buyers' addresses by their ids."""
    wanted = {order.buyer_id for order in orders}
    rows = session.execute(select(User.id, User.email).where(User.id.in_(wanted)))
    return {row.id: row.email for row in rows}


def _count(model: type[Base], which: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.count()).select_from(model).where(which).scalar_subquery()
