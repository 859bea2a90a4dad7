"""Appeals: once, in time, answered by somebody else; what being right brings back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.accounts.models import RoleRow, User
from marketplace.core.clock import frozen, now
from marketplace.core.container import Services
from marketplace.core.errors import ConflictError, InvalidError, NotFoundError
from marketplace.core.permissions import Role
from marketplace.listings.states import ListingState
from marketplace.moderation import operations as cases
from marketplace.moderation.appeals import operations
from marketplace.moderation.appeals.models import Appeal, AppealState
from marketplace.moderation.decisions.models import Decision
from marketplace.moderation.models import Case
from marketplace.moderation.standing.models import Strike
from marketplace.moderation.standing.queries import points_of
from marketplace.moderation.states import CaseState, ReasonCode
from tests.factories.verification import make_moderator
from tests.fixtures.app import log_in
from tests.unit.moderation.test_operations import make_case

WORDS = "The picture is my own: zanzibar stands in my listing of last year."


@pytest.fixture
def first(session: Session) -> User:
    return make_moderator(session)


@pytest.fixture
def decision(session: Session, services: Services, first: User) -> Decision:
    case = make_case(session, services)
    cases.claim(session, case.id, first)
    cases.reject(session, case.id, first, ReasonCode.SAMPLE_STOLEN, "Sample 1.")
    session.commit()
    return session.scalars(select(Decision)).one()


def seller_of(decision: Decision) -> str:
    return decision.case.listing.seller_id


def make_appeal(session: Session, services: Services, decision: Decision) -> Appeal:
    made = operations.appeal(session, services.vault, decision.id, seller_of(decision), WORDS)
    session.commit()
    return made


def test_the_first_moderator_cannot_take_it_by_code_or_by_force(
    session: Session, services: Services, decision: Decision, first: User
) -> None:
    made = make_appeal(session, services, decision)
    with pytest.raises(InvalidError, match="The decision was yours"):
        operations.claim(session, made.id, first)
    made.state, made.claimed_by, made.claimed_at = AppealState.CLAIMED, first.id, now()
    with pytest.raises(IntegrityError, match="another_moderator_claims"):
        session.flush()


def test_an_appeal_is_sealed_due_and_made_once(
    session: Session, services: Services, decision: Decision
) -> None:
    made = make_appeal(session, services, decision)
    again = operations.appeal(
        session, services.vault, decision.id, seller_of(decision), "Another text, long enough."
    )
    assert again.id == made.id
    assert b"zanzibar" not in made.text_sealed
    assert services.vault.open(made.text_sealed) == WORDS
    assert timedelta(0) < made.due_at - now() <= operations.ANSWER_WITHIN


def test_only_the_listings_seller_appeals_in_time_and_in_words(
    session: Session, services: Services, decision: Decision, first: User
) -> None:
    seller = seller_of(decision)
    with pytest.raises(NotFoundError):
        operations.appeal(session, services.vault, decision.id, first.id, WORDS)
    with pytest.raises(InvalidError, match="Say in a sentence"):
        operations.appeal(session, services.vault, decision.id, seller, "No.")
    with frozen(now() + timedelta(days=15)), pytest.raises(ConflictError, match="over"):
        operations.appeal(session, services.vault, decision.id, seller, WORDS)


def test_a_right_appeal_takes_the_points_back_and_opens_the_case_for_who_says_so(
    session: Session, services: Services, decision: Decision
) -> None:
    made, second = make_appeal(session, services, decision), make_moderator(session)
    assert points_of(session, seller_of(decision)) == 3
    operations.claim(session, made.id, second)
    again = operations.answer(session, made.id, second, True, "You are right, we misread it.")
    session.commit()
    assert again is not None
    assert (again.state, again.claimed_by) == (CaseState.CLAIMED, second.id)
    assert again.listing.state is ListingState.IN_REVIEW
    assert points_of(session, seller_of(decision)) == 0
    assert session.scalars(select(Strike.lift_note)).one() == "The appeal was right."
    cases.approve(session, again.id, second)
    session.commit()
    assert again.listing.state is ListingState.LIVE


def test_a_decision_that_stands_changes_nothing(
    session: Session, services: Services, decision: Decision
) -> None:
    made, second = make_appeal(session, services, decision), make_moderator(session)
    with pytest.raises(ConflictError, match="Take the appeal"):
        operations.answer(session, made.id, second, False, "No, the file is the same.")
    operations.claim(session, made.id, second)
    with pytest.raises(InvalidError, match="Answer the seller"):
        operations.answer(session, made.id, second, False, "No.")
    assert operations.answer(session, made.id, second, False, "The file is the same.") is None
    session.commit()
    assert (made.state, decision.case.listing.state) == (
        AppealState.UPHELD,
        ListingState.REJECTED,
    )
    with pytest.raises(ConflictError, match="answered already"):
        operations.claim(session, made.id, make_moderator(session))


def test_an_appeal_that_lies_is_put_back(
    session: Session, services: Services, decision: Decision
) -> None:
    made = make_appeal(session, services, decision)
    operations.claim(session, made.id, make_moderator(session))
    session.commit()
    with frozen(now() + cases.CLAIM_LASTS + timedelta(seconds=1)):
        assert operations.release_expired(session) == 1
    session.expire_all()
    assert (made.state, made.claimed_by) == (AppealState.OPEN, None)


def test_from_the_sellers_page_to_the_answer(
    client: FlaskClient, session: Session, decision: Decision, first: User
) -> None:
    seller = session.get_one(User, seller_of(decision))
    seller.roles.append(RoleRow(name=Role.SELLER.value))
    second = make_moderator(session)
    for person in (first, second):
        person.roles.append(moderator_role(session))
    session.commit()
    log_in(client, seller)
    listed = client.get("/sell/decisions").text
    assert decision.case.listing.title in listed
    assert ">3</span> of 6 points" in listed
    path = f"/sell/decisions/{decision.id}"
    page = client.get(path).text
    assert "A sample is a picture from another seller" in page
    assert "Sample 1." in page
    short = client.post(path, data={"text": "No."})
    assert (short.status_code, "Say in a sentence" in short.text) == (422, True)
    assert client.post(path, data={"text": WORDS}).status_code == 302
    [made] = session.scalars(select(Appeal))

    log_in(client, first)
    assert "not yours to answer" in client.get("/moderate/appeals").text
    client.post(f"/moderate/appeals/{made.id}/claim")
    assert "another moderator has to look" in client.get(f"/moderate/appeals/{made.id}").text

    log_in(client, second)
    assert "zanzibar" not in client.get(f"/moderate/appeals/{made.id}").text
    client.post(f"/moderate/appeals/{made.id}/claim")
    assert "zanzibar" in client.get(f"/moderate/appeals/{made.id}").text
    data = {"verdict": "overturn", "answer": "You are right, we misread it."}
    answer = client.post(f"/moderate/appeals/{made.id}/answer", data=data)
    case = session.scalars(select(Case).where(Case.state == CaseState.CLAIMED)).one()
    assert answer.location.endswith(f"/moderate/{case.id}")
    log_in(client, seller)
    assert "You were right" in client.get(path).text


def moderator_role(session: Session) -> RoleRow:
    known = session.scalar(select(RoleRow).where(RoleRow.name == Role.MODERATOR.value))
    if known is None:
        known = RoleRow(name=Role.MODERATOR.value)
        session.add(known)
        session.flush()
    return known
