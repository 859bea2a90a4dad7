"""How often discount codes were used: counted from orders, so that no counter can be wrong.

An order that can still be paid, or was, is a use. So a use is reserved when the checkout opens,
free again once that has expired, and sure when it is paid; a refund does not give it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from marketplace.orders.models import Order, OrderLine
from marketplace.orders.states import OrderState

WAITING = (OrderState.DRAFT, OrderState.AWAITING_PAYMENT)


@dataclass(frozen=True)
class Uses:
    """Orders that use a code: all of them, and one buyer's."""

    total: int = 0
    own: int = 0


@dataclass(frozen=True)
class CodeSales:
    """What a code or sale has brought: paid orders, and what buyers paid for its lines."""

    orders: int
    cents: int


def count_uses(
    session: Session, code_ids: Iterable[str], buyer_id: str | None, besides: Sequence[str] = ()
) -> dict[str, Uses]:
    """Uses by code. Exact while the codes' rows are held.

    Args:
        besides: orders that do not count, for they will be continued or closed.
    """
    ids = set(code_ids)
    if not ids:
        return {}
    rows = session.execute(
        select(
            OrderLine.code_id,
            func.count(OrderLine.order_id.distinct()),
            func.count(OrderLine.order_id.distinct()).filter(Order.buyer_id == buyer_id),
        )
        .join(OrderLine.order)
        .where(OrderLine.code_id.in_(ids), _counts(), Order.id.not_in(besides))
        .group_by(OrderLine.code_id)
    )
    found = {code_id: Uses(int(total), int(own)) for code_id, total, own in rows}
    return {code_id: found.get(code_id, Uses()) for code_id in ids}


def open_orders_with(session: Session, buyer_id: str, listing_ids: Sequence[str]) -> list[str]:
    """Ids of a buyer's unpaid orders that hold any of the listings: a new checkout ends them."""
    return list(
        session.scalars(
            select(OrderLine.order_id)
            .join(OrderLine.order)
            .where(
                Order.buyer_id == buyer_id,
                Order.state.in_(WAITING),
                OrderLine.listing_id.in_(listing_ids),
            )
            .distinct()
        )
    )


def sold_with_codes(session: Session, seller_id: str) -> dict[str, CodeSales]:
    """What a seller's codes have brought, by code."""
    rows = session.execute(
        select(
            OrderLine.code_id,
            func.count(OrderLine.order_id.distinct()),
            func.sum(OrderLine.price_cents),
        )
        .join(OrderLine.order)
        .where(
            OrderLine.seller_id == seller_id,
            OrderLine.code_id.is_not(None),
            Order.paid_at.is_not(None),
        )
        .group_by(OrderLine.code_id)
    )
    return {str(code_id): CodeSales(int(orders), int(cents)) for code_id, orders, cents in rows}


def _counts() -> ColumnElement[bool]:
    # What was paid and could not be delivered has no paid_at: nobody has used anything.
    return or_(Order.paid_at.is_not(None), Order.state.in_(WAITING))
