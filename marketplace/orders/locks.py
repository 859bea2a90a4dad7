"""Locks of buying, always taken in this order: buyer, orders, sellers' money, lines.

The ledger needs none. Whoever changes what a seller has of a line, or owes, holds that seller's
money: a debt of one line is paid from another's share.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.core.errors import NotFoundError
from marketplace.orders.models import Order, OrderLine


def lock_buyer(session: Session, buyer_id: str) -> User:
    """Hold a buyer's row: two tabs of one person open their checkouts one after the other.

    Raises:
        NotFoundError: no such account.
    """
    # FOR NO KEY UPDATE: rows elsewhere may still come to refer to this person meanwhile.
    statement = select(User).where(User.id == buyer_id).with_for_update(key_share=True, of=User)
    buyer = session.scalar(statement.execution_options(populate_existing=True))
    if buyer is None:
        raise NotFoundError
    return buyer


def lock_order(session: Session, order_id: str) -> Order:
    """Hold an order's row and read it afresh.

    Raises:
        NotFoundError: no such order.
    """
    statement = select(Order).where(Order.id == order_id).with_for_update(key_share=True)
    order = session.scalar(statement.execution_options(populate_existing=True))
    if order is None:
        raise NotFoundError
    return order


def lock_line(session: Session, line_id: str) -> OrderLine:
    """Hold a line's row and read it afresh.

    Raises:
        NotFoundError: no such line.
    """
    statement = select(OrderLine).where(OrderLine.id == line_id).with_for_update(key_share=True)
    line = session.scalar(statement.execution_options(populate_existing=True))
    if line is None:
        raise NotFoundError
    return line


def lock_seller_money(session: Session, seller_ids: Iterable[str]) -> None:
    """Hold what sellers are owed and owe, until the transaction ends."""
    for seller_id in sorted(set(seller_ids)):
        digest = hashlib.blake2b(f"seller-money:{seller_id}".encode(), digest_size=8).digest()
        number = int.from_bytes(digest, "big", signed=True)
        session.execute(select(func.pg_advisory_xact_lock(number)))


def lock_lines(session: Session, order: Order) -> list[OrderLine]:
    """Hold an order's lines and their sellers' money; the order itself is held already."""
    lock_seller_money(session, [line.seller_id for line in order.lines])
    statement = (
        select(OrderLine)
        .where(OrderLine.order_id == order.id)
        .order_by(OrderLine.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return sorted(session.scalars(statement), key=lambda line: (line.position, line.id))


def lock_line_money(session: Session, line_id: str) -> OrderLine:
    """Hold one line and its seller's money.

    Raises:
        NotFoundError: no such line.
    """
    seller_id = session.scalar(select(OrderLine.seller_id).where(OrderLine.id == line_id))
    if seller_id is None:
        raise NotFoundError
    lock_seller_money(session, [seller_id])
    return lock_line(session, line_id)
