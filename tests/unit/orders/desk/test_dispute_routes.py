"""The disputes desk: due dates, evidence that is kept, sending once, giving up."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from marketplace.core.permissions import Role
from marketplace.orders.desk.models import Act
from marketplace.orders.dispute_models import Dispute
from tests.factories.money import make_dispute
from tests.factories.orders import SECRET_PROMPT
from tests.unit.orders.desk.conftest import Desk

SEEN = re.compile(r'name="seen" value="([^"]+)"')


@pytest.fixture
def moderator(desk: Desk) -> FlaskClient:
    return desk.browser(Role.MODERATOR)


@pytest.fixture
def dispute(desk: Desk) -> Dispute:
    made = make_dispute(desk.session, desk.order)
    desk.session.commit()
    return made


def again(desk: Desk, dispute: Dispute) -> Dispute:
    desk.session.expire_all()
    return desk.session.get_one(Dispute, dispute.id)


def test_what_is_due_first_stands_first(desk: Desk, moderator: FlaskClient) -> None:
    days = [("won", None), ("needs_response", 9), ("needs_response", 2), ("under_review", 1)]
    made = [make_dispute(desk.session, desk.order, status, due) for status, due in days]
    desk.session.commit()
    page = moderator.get("/desk/disputes").text
    places = [page.index(one.dispute_id) for one in made]
    assert places[2] < places[1] < min(places[0], places[3])
    first = made[2].due_by
    assert first is not None
    assert f"the first until {first.day} {first:%b %Y}" in moderator.get("/desk").text


def test_evidence_is_gathered_shown_and_never_holds_the_prompt(
    desk: Desk, moderator: FlaskClient, dispute: Dispute
) -> None:
    page = moderator.get(f"/desk/disputes/{dispute.id}").text
    assert "Digital goods from Bracket" in page
    assert "@example.com" in page
    for text in (SECRET_PROMPT, SECRET_PROMPT[::-1]):
        assert text not in page
    assert again(desk, dispute).evidence == {}  # looking keeps nothing
    assert desk.acts() == []


def test_what_was_written_is_kept(desk: Desk, moderator: FlaskClient, dispute: Dispute) -> None:
    address = f"/desk/disputes/{dispute.id}"
    form = {"uncategorized_text": "One.\r\nTwo.", "customer_name": "B. Uyer", "save": "y"}
    assert moderator.post(f"{address}/evidence", data=form).status_code == 303
    kept = again(desk, dispute).evidence
    assert kept == {"uncategorized_text": "One.\nTwo.", "customer_name": "B. Uyer"}
    assert "B. Uyer" in moderator.get(address).text
    act = desk.only_act(Act.SAVE_EVIDENCE)
    assert (act.order_id, act.subject) == (desk.order.id, dispute.dispute_id)
    moderator.post(f"{address}/evidence", data={"gather": "y"})
    assert "Digital goods" in again(desk, dispute).evidence["product_description"]


def test_too_much_is_said_and_not_lost(
    desk: Desk, moderator: FlaskClient, dispute: Dispute
) -> None:
    form = {"uncategorized_text": "x" * 20_001, "customer_name": "typed", "save": "y"}
    page = moderator.post(f"/desk/disputes/{dispute.id}/evidence", data=form)
    assert page.status_code == 422
    assert "At most 20,000 characters; this has 20,001." in page.text
    assert "x" * 20_001 in page.text
    assert "typed" in page.text
    assert again(desk, dispute).evidence == {}


def test_what_is_sent_is_what_was_read(
    desk: Desk, moderator: FlaskClient, dispute: Dispute
) -> None:
    """Nothing answers here: what was written stays, and nothing is kept as sent."""
    address = f"/desk/disputes/{dispute.id}"
    first = {"uncategorized_text": "First words.", "send": "y"}
    assert moderator.post(f"{address}/evidence", data=first).location == f"{address}/send"
    seen = SEEN.findall(moderator.get(f"{address}/send").text)[0]
    moderator.post(f"{address}/evidence", data={"uncategorized_text": "Others.", "save": "y"})
    stale = moderator.post(f"{address}/send", data={"seen": seen})
    assert stale.status_code == 409
    assert "Others." in stale.text
    seen = SEEN.findall(stale.text)[0]
    assert moderator.post(f"{address}/send", data={"seen": seen}).location == address
    assert "Stripe does not answer" in moderator.get(address).text
    found = again(desk, dispute)
    assert (found.evidence, found.submitted_at) == ({"uncategorized_text": "Others."}, None)
    assert {act.act for act in desk.acts()} == {Act.SAVE_EVIDENCE}


def test_what_is_answered_cannot_be_changed(desk: Desk, moderator: FlaskClient) -> None:
    made = make_dispute(desk.session, desk.order, "under_review")
    desk.session.commit()
    address = f"/desk/disputes/{made.id}"
    page = moderator.get(address).text
    assert "Save only" not in page
    assert "Give the dispute up" not in page
    form = {"uncategorized_text": "late", "save": "y"}
    assert moderator.post(f"{address}/evidence", data=form).status_code == 409
    assert moderator.post(f"{address}/send", data={"seen": "x"}).status_code == 409
    moderator.post(f"{address}/accept", data={"reason": "x", "sure": "y"})
    assert desk.acts() == []


@pytest.mark.parametrize("form", [{"reason": "too small"}, {"sure": "y"}, {}])
def test_giving_up_needs_a_reason_and_a_tick(
    desk: Desk, moderator: FlaskClient, dispute: Dispute, form: dict[str, str]
) -> None:
    page = moderator.post(f"/desk/disputes/{dispute.id}/accept", data=form)
    assert page.status_code == 422
    assert form.get("reason", "") in page.text
    assert again(desk, dispute).accepted_at is None
