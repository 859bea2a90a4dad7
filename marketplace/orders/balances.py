"""What a seller has earned, and where it is: on hold, on its way, with them, or owed back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from marketplace.orders.debts import seller_debt
from marketplace.orders.dispute_models import Dispute, DisputeLine
from marketplace.orders.holds import hold_words
from marketplace.orders.line_sums import payable_now
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.states import SOLD, TransferState
from marketplace.orders.transfer_models import PayoutStatus, SellerPayout

DISPUTE_WORDS = "A buyer's bank is looking at the payment; it decides, usually within weeks."
IN_DISPUTE = "dispute"


@dataclass(frozen=True)
class OnHold:
    """Money kept back for one reason, in cents."""

    cents: int
    until: datetime | None
    """None where only an answer ends it: the bank's, Stripe's, the seller's own, or a person's."""
    code: str
    why: str


@dataclass(frozen=True)
class SellerBalance:
    """A seller's money; everything in cents.

    earned = on hold + under way + available + paid out + set off against debts - debt, where
    shares that were lost to refunds and disputes are earned no more.
    """

    earned: int
    on_hold: tuple[OnHold, ...]
    underway: int
    available: int
    """Transferred to the seller's account at Stripe and not paid out to their bank yet."""
    paid_out: int
    """On its way to their bank, or there."""
    debt: int

    @property
    def held(self) -> int:
        """Everything that is on hold."""
        return sum(one.cents for one in self.on_hold)


@dataclass(frozen=True)
class SaleLine:
    """One sale as its seller sees it; everything in cents."""

    line: OrderLine
    order: Order
    country: str | None
    """The buyer's, two letters: of the billing details, else of the card."""
    price_cents: int
    commission_cents: int
    seller_cents: int
    refunded_cents: int
    refunded_from_seller_cents: int


def seller_balance(session: Session, seller_id: str) -> SellerBalance:
    """Where a seller's money is."""
    sums = session.execute(
        select(
            func.coalesce(func.sum(OrderLine.seller_cents - OrderLine.refunded_seller_cents), 0),
            func.coalesce(func.sum(OrderLine.transferred_cents - OrderLine.reversed_cents), 0),
        )
        .join(OrderLine.order)
        .where(OrderLine.seller_id == seller_id, Order.state.in_(SOLD))
    ).one()
    lost, disputed = _disputed(session, seller_id)
    held, underway = _waiting(session, seller_id)
    out = _paid_out(session, seller_id)
    return SellerBalance(
        earned=int(sums[0]) - lost,
        on_hold=(*held, *disputed),
        underway=underway,
        available=int(sums[1]) - out,
        paid_out=out,
        debt=seller_debt(session, seller_id),
    )


def sale_lines(
    session: Session,
    seller_id: str,
    start: datetime | None = None,
    end: datetime | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[SaleLine]:
    """A seller's sales by the moment they were paid, newest first.

    Args:
        start, end: from and up to (not including) these moments.
    """
    found = (
        select(OrderLine)
        .join(OrderLine.order)
        .options(joinedload(OrderLine.order))
        .where(OrderLine.seller_id == seller_id, Order.state.in_(SOLD))
        .order_by(Order.paid_at.desc(), OrderLine.id)
        .offset(offset)
    )
    if start is not None:
        found = found.where(Order.paid_at >= start)
    if end is not None:
        found = found.where(Order.paid_at < end)
    if limit is not None:
        found = found.limit(limit)
    return [
        SaleLine(
            line=line,
            order=line.order,
            country=line.order.billing_country or line.order.card_country,
            price_cents=line.price_cents,
            commission_cents=line.commission_cents,
            seller_cents=line.seller_cents,
            refunded_cents=line.refunded_cents,
            refunded_from_seller_cents=line.refunded_seller_cents,
        )
        for line in session.scalars(found)
    ]


def _waiting(session: Session, seller_id: str) -> tuple[list[OnHold], int]:
    """What is held, by reason and end, and what is on its way."""
    lines = session.scalars(
        select(OrderLine).where(
            OrderLine.seller_id == seller_id,
            OrderLine.transfer_state.in_([TransferState.HELD, TransferState.PENDING]),
        )
    ).all()
    held: dict[tuple[datetime | None, str], int] = {}
    underway = 0
    for line in lines:
        cents = max(payable_now(session, line), 0)
        if line.transfer_state is TransferState.PENDING:
            underway += cents
        elif cents:
            name = (line.hold_until, line.held_code or "")
            held[name] = held.get(name, 0) + cents
    parts = [OnHold(cents, until, code, hold_words(code)) for (until, code), cents in held.items()]
    return sorted(parts, key=lambda one: (one.until is None, str(one.until), one.code)), underway


def _disputed(session: Session, seller_id: str) -> tuple[int, list[OnHold]]:
    """What disputes took for good, and what open ones keep back."""
    rows = session.execute(
        select(DisputeLine.seller_cents, DisputeLine.lost, Dispute.due_by)
        .join(DisputeLine.dispute)
        .join(OrderLine, OrderLine.id == DisputeLine.line_id)
        .where(OrderLine.seller_id == seller_id, DisputeLine.returned.is_(False))
    ).all()
    lost = sum(int(row.seller_cents) for row in rows if row.lost)
    waits = sum(int(row.seller_cents) for row in rows if not row.lost)
    return lost, [OnHold(waits, None, IN_DISPUTE, DISPUTE_WORDS)] if waits else []


def _paid_out(session: Session, seller_id: str) -> int:
    gone = [PayoutStatus.FAILED.value, PayoutStatus.CANCELED.value]
    return int(
        session.scalar(
            select(func.coalesce(func.sum(SellerPayout.cents), 0)).where(
                SellerPayout.seller_id == seller_id, SellerPayout.status.not_in(gone)
            )
        )
        or 0
    )
