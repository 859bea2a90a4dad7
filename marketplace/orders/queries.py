"""Reads of orders, entitlements and sales."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, func, or_, select, union_all
from sqlalchemy.orm import Session, joinedload, selectinload

from marketplace.accounts.models import User
from marketplace.core.errors import NotFoundError
from marketplace.orders.dispute_models import Dispute
from marketplace.orders.models import Entitlement, Order, OrderEvent, OrderLine
from marketplace.orders.refund_models import Refund
from marketplace.orders.states import SOLD, EntitlementState, OrderState
from marketplace.orders.transfer_models import LineTransfer, TransferReversal


@dataclass(frozen=True)
class SalesSummary:
    """What a seller's prompts earned so far; everything in cents."""

    count: int
    gross: int
    commission: int
    earned: int
    transferred: int

    @property
    def underway(self) -> int:
        """Earned but not yet transferred."""
        return self.earned - self.transferred


def owned(session: Session, buyer_id: str, listing_id: str) -> Entitlement | None:
    """The buyer's right to use a listing, if they have it now."""
    right = right_to(session, buyer_id, listing_id)
    return right if right is not None and right.state is EntitlementState.GRANTED else None


def right_to(session: Session, buyer_id: str, listing_id: str) -> Entitlement | None:
    """The buyer's right to a listing, also while a dispute suspends it; None after a refund.

    Whoever has one cannot buy the listing again.
    """
    return session.scalar(
        select(Entitlement).where(
            Entitlement.buyer_id == buyer_id,
            Entitlement.listing_id == listing_id,
            Entitlement.state != EntitlementState.REVOKED,
        )
    )


def owns(session: Session, buyer_id: str, listing_id: str) -> bool:
    """True when the buyer may use the listing."""
    return owned(session, buyer_id, listing_id) is not None


def entitlement(session: Session, entitlement_id: str, owner_id: str) -> Entitlement:
    """One item of somebody's library.

    Raises:
        NotFoundError: no such item, or another person's.
    """
    found = session.scalar(
        select(Entitlement)
        .options(joinedload(Entitlement.listing), joinedload(Entitlement.version))
        .where(
            Entitlement.id == entitlement_id,
            Entitlement.buyer_id == owner_id,
            Entitlement.state == EntitlementState.GRANTED,
        )
    )
    if found is None:
        raise NotFoundError
    return found


def purchases_of(session: Session, buyer_id: str) -> list[Entitlement]:
    """Everything the buyer owns with its listing and what it cost, newest first."""
    return list(
        session.scalars(
            select(Entitlement)
            .options(
                joinedload(Entitlement.listing),
                joinedload(Entitlement.version),
                joinedload(Entitlement.line),
            )
            .where(Entitlement.buyer_id == buyer_id, Entitlement.state == EntitlementState.GRANTED)
            .order_by(Entitlement.created_at.desc(), Entitlement.id)
        )
    )


def sales_of(session: Session, seller_id: str, limit: int = 50) -> list[OrderLine]:
    """A seller's sold lines with their orders, newest first."""
    return list(
        session.scalars(
            select(OrderLine)
            .join(OrderLine.order)
            .options(joinedload(OrderLine.order))
            .where(OrderLine.seller_id == seller_id, Order.state.in_(SOLD))
            .order_by(Order.paid_at.desc(), OrderLine.id)
            .limit(limit)
        )
    )


def sales_summary(session: Session, seller_id: str) -> SalesSummary:
    """Sums over everything a seller sold."""
    # What went back to buyers was neither sold nor earned in the end.
    kept = OrderLine.price_cents - OrderLine.refunded_cents
    share = OrderLine.seller_cents - func.div(
        OrderLine.seller_cents * OrderLine.refunded_cents, OrderLine.price_cents
    )
    given = OrderLine.transferred_cents + OrderLine.netted_cents
    given = given - OrderLine.reversed_cents - OrderLine.recovered_cents
    row = session.execute(
        select(
            func.count(OrderLine.id),
            func.coalesce(func.sum(kept), 0),
            func.coalesce(func.sum(kept - share), 0),
            func.coalesce(func.sum(share), 0),
            func.coalesce(func.sum(given), 0),
        )
        .join(OrderLine.order)
        .where(OrderLine.seller_id == seller_id, Order.state.in_(SOLD))
    ).one()
    return SalesSummary(*(int(value) for value in row))


def times_sold(session: Session, listing_id: str) -> int:
    """How many people bought a listing."""
    return int(
        session.scalar(
            select(func.count())
            .select_from(Entitlement)
            .where(
                Entitlement.listing_id == listing_id,
                Entitlement.state != EntitlementState.REVOKED,
            )
        )
        or 0
    )


def order_of_session(session: Session, checkout_session_id: str, buyer_id: str) -> Order:
    """The buyer's order behind a hosted checkout.

    Raises:
        NotFoundError: no such checkout, or another person's.
    """
    return _own_order(session, buyer_id, Order.checkout_session_id == checkout_session_id)


def order_of(session: Session, order_id: str, buyer_id: str) -> Order:
    """One of the buyer's orders with its lines.

    Raises:
        NotFoundError: no such order, or another person's.
    """
    return _own_order(session, buyer_id, Order.id == order_id)


def _own_order(session: Session, buyer_id: str, which: ColumnElement[bool]) -> Order:
    order: Order | None = session.scalar(
        select(Order)
        .options(selectinload(Order.lines).joinedload(OrderLine.listing))
        .where(which, Order.buyer_id == buyer_id)
    )
    if order is None:
        raise NotFoundError
    return order


def entitlements_of_order(session: Session, order_id: str) -> list[Entitlement]:
    """What an order gave its buyer."""
    return list(
        session.scalars(
            select(Entitlement)
            .join(Entitlement.line)
            .where(OrderLine.order_id == order_id)
            .order_by(Entitlement.line_id)
        )
    )


def order_events(session: Session, order_id: str) -> list[OrderEvent]:
    """Everything that happened to an order and its transfers, oldest first."""
    return list(
        session.scalars(
            select(OrderEvent)
            .where(OrderEvent.order_id == order_id)
            .order_by(OrderEvent.at, OrderEvent.id)
        )
    )


def open_order_for(
    session: Session, buyer_id: str, listing_id: str, usable_until: datetime
) -> Order | None:
    """The buyer's newest order of one listing that can still be paid at the given moment."""
    return session.scalar(
        select(Order)
        .join(Order.lines)
        .where(
            Order.buyer_id == buyer_id,
            OrderLine.listing_id == listing_id,
            Order.state.in_([OrderState.DRAFT, OrderState.AWAITING_PAYMENT]),
            Order.expires_at > usable_until,
        )
        .order_by(Order.created_at.desc())
        .limit(1)
    )


def has_order_in_review(session: Session, buyer_id: str, listing_id: str) -> bool:
    """True when the buyer's money for a listing has arrived but waits for a person."""
    return bool(
        session.scalar(
            select(Order.id)
            .join(Order.lines)
            .where(
                Order.buyer_id == buyer_id,
                OrderLine.listing_id == listing_id,
                Order.state == OrderState.REVIEW,
            )
            .limit(1)
        )
    )


def find_orders(
    session: Session,
    text: str = "",
    state: OrderState | None = None,
    limit: int = 25,
    offset: int = 0,
) -> list[Order]:
    """Orders for the desk, newest first.

    Args:
        text: an id of ours or of Stripe's in full, (a part of) a buyer's e-mail address, or of a
            title; empty for all.
    """
    found = select(Order).options(selectinload(Order.lines)).order_by(Order.created_at.desc())
    if state is not None:
        found = found.where(Order.state == state)
    text = text.strip()
    if text:
        like = f"%{_escaped(text.lower())}%"
        buyers = select(User.id).where(User.email.like(like, escape="\\"))
        titled = select(OrderLine.order_id).where(
            func.lower(OrderLine.title).like(like, escape="\\")
        )
        ids = or_(
            Order.id == text,
            Order.charge_id == text,
            Order.payment_intent_id == text,
            Order.checkout_session_id == text,
            Order.id.in_(_order_ids_of(text)),
        )
        found = found.where(or_(ids, Order.buyer_id.in_(buyers), Order.id.in_(titled)))
    return list(session.scalars(found.limit(limit).offset(offset)))


def _order_ids_of(text: str) -> CompoundSelect[Any]:
    """Orders by the id of a line, transfer, reversal, refund or dispute of theirs."""
    transfers = select(OrderLine.order_id).join(LineTransfer, LineTransfer.line_id == OrderLine.id)
    reversals = select(OrderLine.order_id).join(
        TransferReversal, TransferReversal.line_id == OrderLine.id
    )
    return union_all(
        select(OrderLine.order_id).where(OrderLine.id == text),
        transfers.where(LineTransfer.transfer_id == text),
        reversals.where(TransferReversal.reversal_id == text),
        select(Refund.order_id).where(or_(Refund.refund_id == text, Refund.id == text)),
        select(Dispute.order_id).where(or_(Dispute.dispute_id == text, Dispute.id == text)),
    )


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
