"""Row locks of buying, always taken in this order: buyer, order, line. The ledger needs none."""

from __future__ import annotations

from sqlalchemy import select
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
