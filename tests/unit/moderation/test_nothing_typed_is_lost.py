"""Refused forms of the desk come back with what was typed, and labels leave the page alone."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.core.permissions import Role
from tests.factories.accounts import make_seller, make_user
from tests.fixtures.app import log_in


@pytest.fixture
def desk(client: FlaskClient, session: Session) -> FlaskClient:
    moderator: User = make_user(session, Role.MODERATOR)
    session.commit()
    return log_in(client, moderator)


def test_a_refused_suspension_keeps_its_words(desk: FlaskClient, session: Session) -> None:
    seller = make_seller(session)
    session.commit()
    address = f"/moderate/sellers/{seller.user_id}/suspend"
    answer = desk.post(address, data={"cause": "Copied the same nine pictures", "days": "a few"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "number of days" in page
    assert "Copied the same nine pictures" in page
    assert 'value="a few"' in page


def test_a_label_by_script_needs_no_new_page(desk: FlaskClient) -> None:
    answer = desk.post(
        "/moderate/findings/label",
        data={"right": "nothing-like-it", "case": "none"},
        headers={"X-Requested-With": "fetch"},
    )
    assert answer.status_code == 404  # told, and not a redirect to a page that hides it
