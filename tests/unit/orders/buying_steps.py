"""Steps that the tests of buying share."""

from __future__ import annotations

from sqlalchemy import func, select

from marketplace.core.database import Base
from marketplace.orders.checkout import start_checkout
from marketplace.orders.models import Order, OrderLine
from tests.fixtures.buying import House


def open_checkout(house: House, listing_id: str | None = None) -> Order:
    """Press Buy now; the order as it stands afterwards."""
    begun = start_checkout(house.services, house.buyer_id, listing_id or house.listing_id)
    with house.work() as session:
        return session.scalars(select(Order).where(Order.checkout_url == begun.url)).one()


def paid_checkout(house: House) -> Order:
    """Press Buy now and pay; nobody has told the house yet."""
    order = open_checkout(house)
    assert house.bank.pay(str(order.checkout_url)).status_code == 303
    return order


def reread(house: House, order: Order) -> Order:
    """The order as it stands now."""
    with house.work() as session:
        return session.get_one(Order, order.id)


def line_of(house: House, order: Order) -> OrderLine:
    """The only line of an order as it stands now."""
    with house.work() as session:
        return session.scalars(select(OrderLine).where(OrderLine.order_id == order.id)).one()


def count(house: House, model: type[Base]) -> int:
    """How many rows a table has."""
    with house.work() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0
