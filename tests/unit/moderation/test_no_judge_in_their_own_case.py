"""Nobody decides about their own listing or their own report, whichever way they try."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.core.container import Services
from marketplace.core.errors import InvalidError
from marketplace.core.permissions import Role
from marketplace.listings.models import Listing
from marketplace.listings.states import ListingState
from marketplace.moderation import operations, queries
from marketplace.moderation.appeals import operations as appeals
from marketplace.moderation.complaints.models import Complaint, Reason
from marketplace.moderation.complaints.operations import complain
from marketplace.moderation.decisions.models import Decision
from marketplace.moderation.decisions.operations import Ruling, decide, settle
from marketplace.moderation.models import Case
from marketplace.moderation.quality.bulk import reject_as_spam
from marketplace.moderation.rules import OWN_LISTING, OWN_REPORT
from marketplace.moderation.states import CaseState, DecisionKind, ReasonCode
from tests.factories.accounts import make_seller, make_user
from tests.factories.listings import make_live
from tests.fixtures.app import log_in

TAKE_DOWN = Ruling(DecisionKind.REJECT, ReasonCode.SAMPLE_STOLEN)
AT_ONCE = timedelta()


@pytest.fixture
def listing(session: Session, services: Services) -> Listing:
    made = make_live(session, services, make_seller(session))
    session.commit()
    return made


@pytest.fixture
def reporter(session: Session) -> User:
    """A moderator with a grudge."""
    made = make_user(session, Role.MODERATOR)
    session.commit()
    return made


def report(session: Session, listing: Listing, person: User) -> Case:
    case = complain(session, listing, person.id, Reason.COPIED, "")
    session.commit()
    assert case is not None
    return case


def test_a_reporter_can_neither_claim_nor_be_given_nor_sweep_away_what_they_reported(
    session: Session, listing: Listing, reporter: User
) -> None:
    case = report(session, listing, reporter)
    with pytest.raises(InvalidError, match=OWN_REPORT):
        operations.claim(session, case.id, reporter)
    assert queries.next_for(session, reporter.id) is None
    assert reject_as_spam(session, [case.id], reporter, "", AT_ONCE) == ([], 1)
    assert (case.state, listing.state) == (CaseState.OPEN, ListingState.LIVE)
    other = make_user(session, Role.MODERATOR)
    found = queries.next_for(session, other.id)
    assert found is case
    operations.claim(session, case.id, other)


def test_reporting_after_taking_the_case_does_not_help(
    session: Session, listing: Listing, reporter: User
) -> None:
    case = report(session, listing, make_user(session))
    operations.claim(session, case.id, reporter)
    report(session, listing, reporter)
    with pytest.raises(InvalidError, match=OWN_REPORT):
        decide(session, case.id, reporter, TAKE_DOWN, AT_ONCE)
    with pytest.raises(InvalidError, match=OWN_REPORT):
        operations.claim(session, case.id, reporter)  # nor holding on to it
    assert session.scalars(select(Decision).where(Decision.case_id == case.id)).all() == []
    assert queries.next_for(session, reporter.id) is None
    operations.release(session, case.id, reporter)
    assert case.state is CaseState.OPEN


def test_the_page_says_why_and_the_desk_refuses_what_is_posted_all_the_same(
    client: FlaskClient, session: Session, listing: Listing, reporter: User
) -> None:
    case = report(session, listing, reporter)
    log_in(client, reporter)
    page = client.get(f"/moderate/{case.id}").text
    assert OWN_REPORT in page
    assert "Claim this case" not in page
    client.post(f"/moderate/{case.id}/claim")
    client.post("/moderate/next", data={"tab": "reports"})
    client.post(f"/moderate/{case.id}/reject", data={"code": "SPAM"})
    session.expire_all()
    assert (case.state, case.claimed_by, listing.state) == (CaseState.OPEN, None, ListingState.LIVE)
    assert session.scalars(select(Complaint)).one().closed_at is None


def test_what_was_answered_bars_nobody_from_what_comes_later(
    session: Session, listing: Listing, reporter: User
) -> None:
    case = report(session, listing, reporter)
    other = make_user(session, Role.MODERATOR)
    operations.claim(session, case.id, other)
    operations.approve(session, case.id, other)
    later = report(session, listing, make_user(session))
    assert later.id != case.id
    assert queries.next_for(session, reporter.id) is later
    operations.claim(session, later.id, reporter)


def test_an_appeal_goes_to_somebody_who_did_not_report_it_either(
    session: Session, services: Services, listing: Listing, reporter: User
) -> None:
    case = report(session, listing, reporter)
    first, third = make_user(session, Role.MODERATOR), make_user(session, Role.MODERATOR)
    operations.claim(session, case.id, first)
    made = decide(session, case.id, first, TAKE_DOWN, AT_ONCE)
    settle(session, made.id)
    words = "I painted it myself and can show the files."
    asked = appeals.appeal(session, services.vault, made.id, listing.seller_id, words)
    with pytest.raises(InvalidError, match=OWN_REPORT):
        appeals.claim(session, asked.id, reporter)
    appeals.claim(session, asked.id, third)
    appeals.answer(session, asked.id, third, True, "You are right, sorry.")
    assert listing.state is ListingState.LIVE


def test_a_moderator_who_sells_decides_nothing_about_their_own_shop(
    session: Session, listing: Listing
) -> None:
    case = report(session, listing, make_user(session))
    owner = listing.seller.user
    with pytest.raises(InvalidError, match=OWN_LISTING):
        operations.claim(session, case.id, owner)
    case.state, case.claimed_by, case.claimed_at = CaseState.CLAIMED, owner.id, case.created_at
    session.flush()  # however they came to hold it
    with pytest.raises(InvalidError, match=OWN_LISTING):
        decide(session, case.id, owner, Ruling(DecisionKind.APPROVE), AT_ONCE)
