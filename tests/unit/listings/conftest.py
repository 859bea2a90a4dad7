"""A seller with an open browser session."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from tests.factories.accounts import make_seller
from tests.factories.catalogue import stock_catalogue
from tests.fixtures.app import log_in


@pytest.fixture
def seller(session: Session) -> SellerProfile:
    """A seller who can be paid, in a shop with its catalogue."""
    stock_catalogue(session)
    profile = make_seller(session)
    session.commit()
    return profile


@pytest.fixture
def shop(client: FlaskClient, seller: SellerProfile) -> FlaskClient:
    """The seller's browser."""
    return log_in(client, seller.user)
