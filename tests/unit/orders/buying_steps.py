"""Steps that the tests of buying share."""

from __future__ import annotations

from flask.testing import FlaskClient
from sqlalchemy import func, select

from marketplace.accounts.models import User
from marketplace.core.database import Base
from marketplace.listings.models import Listing
from marketplace.orders.checkout import start_checkout
from marketplace.orders.models import Order, OrderLine
from tests.fixtures.app import app_over, log_in
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


def browser_of(house: House, user_id: str | None, csrf: bool = False) -> FlaskClient:
    """A browser with somebody logged in, or nobody."""
    app = app_over(house.services, csrf)
    if user_id is None:
        return app.test_client()
    with house.work() as session:
        return log_in(app.test_client(), session.get_one(User, user_id))


def other_listing(house: House, price_cents: int = 499, title: str = "Moth lamp") -> Listing:
    """Another listing, of another seller who can be paid."""
    with house.work() as session:
        listing = house.sell(session, price_cents)
        listing.title = title
        return listing


def pay(house: House, checkout_url: str) -> str:
    """Pay a hosted checkout; the local part of the address it leads back to."""
    paid = house.bank.pay(checkout_url)
    assert paid.status_code == 303, paid.text
    return str(paid.headers["Location"]).removeprefix(house.services.settings.public_url)


def count(house: House, model: type[Base]) -> int:
    """How many rows a table has."""
    with house.work() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0
