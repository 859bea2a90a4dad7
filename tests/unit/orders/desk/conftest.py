"""The desk with people at it: browsers by role, on a database of the test's own."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.core.permissions import Role
from marketplace.orders.desk.models import Act, DeskAct
from marketplace.orders.models import Order
from tests.factories.accounts import make_user
from tests.factories.money import make_order
from tests.factories.orders import make_buyer, make_live_listing, make_seller
from tests.fixtures.app import log_in


@dataclass
class Desk:
    """A marketplace with one paid order of two sellers, and people who come to the desk."""

    app: Flask
    session: Session
    order: Order

    def person(self, *roles: Role) -> User:
        """Somebody with these roles; the same one at each call."""
        name = "-".join(roles) or "nobody"
        address = f"{name}@example.com"
        found = self.session.scalar(select(User).where(User.email == address))
        if found is None:
            found = make_user(self.session, *roles, email=address, name=name)
            self.session.commit()
        return found

    def browser(self, *roles: Role) -> FlaskClient:
        """Their browser."""
        return log_in(self.app.test_client(), self.person(*roles))

    def acts(self) -> list[DeskAct]:
        """What was kept, oldest first."""
        self.session.expire_all()
        return list(self.session.scalars(select(DeskAct).order_by(DeskAct.at)))

    def only_act(self, act: Act) -> DeskAct:
        """The one act that was kept, which must be of this kind."""
        (one,) = self.acts()
        assert one.act is act
        return one


@pytest.fixture
def desk(app: Flask, session: Session) -> Desk:
    """Two sellers, $2.99 and $4.99, bought together by one buyer."""
    listings = [
        make_live_listing(session, make_seller(session, f"acct_{number}"), price)
        for number, price in enumerate((299, 499))
    ]
    order = make_order(session, make_buyer(session).id, *listings)
    session.commit()
    return Desk(app, session, order)
