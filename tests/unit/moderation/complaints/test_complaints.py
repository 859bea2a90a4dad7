"""A report reaches the moderators once, with its reason, and leaves their list when closed."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.core.container import Services
from marketplace.core.errors import InvalidError
from marketplace.core.permissions import Role
from marketplace.listings import operations as listing_operations
from marketplace.listings.models import Listing
from marketplace.listings.states import ListingState
from marketplace.moderation import operations as moderation
from marketplace.moderation.complaints import operations
from marketplace.moderation.complaints.models import Complaint, Reason
from tests.factories.accounts import make_seller, make_user
from tests.factories.listings import make_live
from tests.factories.verification import make_moderator
from tests.fixtures.app import log_in


@pytest.fixture
def listing(session: Session, services: Services) -> Listing:
    made = make_live(session, services, make_seller(session))
    session.commit()
    return made


@pytest.fixture
def person(session: Session) -> User:
    made = make_user(session)
    session.commit()
    return made


def all_of(session: Session) -> list[Complaint]:
    session.expire_all()
    return list(session.scalars(select(Complaint).order_by(Complaint.created_at)))


def test_a_report_goes_from_the_listing_to_the_moderators_and_is_closed(
    client: FlaskClient, session: Session, listing: Listing, person: User
) -> None:
    address = f"/p/{listing.path}/report"
    assert f'href="{address}"' in client.get(f"/p/{listing.path}").text
    assert client.get(address).status_code == 302  # strangers log in first
    log_in(client, person)
    refused = client.post(address, data={"reason": "", "note": "The third <picture>"})
    assert refused.status_code == 422
    assert "Choose what fits best." in refused.text
    assert "The third &lt;picture&gt;" in refused.text  # nothing typed is lost
    sent = client.post(address, data={"reason": "copied", "note": "The third <picture>"})
    assert sent.status_code == 302
    assert client.get("/moderate/reports").status_code == 404

    moderator = make_user(session, Role.MODERATOR)
    session.commit()
    log_in(client, moderator)
    assert client.get("/moderate/reports").location == "/moderate?tab=reports"
    queue = client.get("/moderate?tab=reports").text
    assert 'Reports <span class="numeric">1</span>' in queue
    assert listing.title in queue
    assert "somebody else’s" in queue
    [one] = all_of(session)
    client.post(f"/moderate/{one.case_id}/claim")
    page = client.get(f"/moderate/{one.case_id}").text
    assert "The third &lt;picture&gt;" in page
    assert "Keep on sale" in page
    assert "Run again" not in page.partition("Your decision")[2].partition("Limits")[0]
    assert client.post(f"/moderate/{one.case_id}/approve").status_code == 302
    [one] = all_of(session)
    assert one.closed_by == moderator.id
    assert 'Reports <span class="numeric">0</span>' in client.get("/moderate").text
    assert listing.state is ListingState.LIVE
    assert "stays on sale" in client.get(f"/moderate/{one.case_id}").text.lower()


def test_one_person_has_one_open_report_of_a_listing(
    session: Session, listing: Listing, person: User
) -> None:
    case = operations.complain(session, listing, person.id, Reason.SPAM, "")
    operations.complain(session, listing, person.id, Reason.OFFENSIVE, "look at the second")
    session.commit()
    assert case is not None
    [one] = all_of(session)
    assert (one.reason, one.note) == (Reason.OFFENSIVE, "look at the second")
    moderator = make_moderator(session)
    moderation.claim(session, case.id, moderator)
    moderation.approve(session, case.id, moderator)
    again = operations.complain(session, listing, person.id, Reason.SPAM, "")
    session.commit()
    assert again is not None
    assert again.id != case.id
    assert [found.closed_at is None for found in all_of(session)] == [False, True]


def test_something_else_wants_a_sentence(session: Session, listing: Listing, person: User) -> None:
    with pytest.raises(InvalidError, match="Say in a sentence"):
        operations.complain(session, listing, person.id, Reason.OTHER, "")
    assert all_of(session) == []


def test_only_what_is_on_sale_can_be_reported(
    client: FlaskClient, session: Session, listing: Listing, person: User
) -> None:
    listing_operations.withdraw(session, listing, listing.seller_id)
    session.commit()
    log_in(client, person)
    for path in (listing.path, "nothing", "x-%00"):
        answer = client.post(f"/p/{path}/report", data={"reason": "spam", "note": ""})
        assert answer.status_code == 404
    assert all_of(session) == []
