"""Whoever reported something is told what came of it: once, in plain words, and nothing more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import OutgoingMail, User
from marketplace.core.container import Services
from marketplace.listings.models import Listing
from marketplace.moderation import operations
from marketplace.moderation.complaints.models import Reason
from marketplace.moderation.complaints.operations import complain
from marketplace.moderation.decisions.operations import Ruling, decide, settle, undo
from marketplace.moderation.models import Case
from marketplace.moderation.states import DecisionKind, Limit, OutcomeKind, ReasonCode
from tests.factories.accounts import make_seller, make_user
from tests.factories.listings import SECRET_WORD, make_live
from tests.factories.verification import make_moderator

NOTE = "Look at the third picture."
WHY = "Your third picture is in another shop."


@pytest.fixture
def listing(session: Session, services: Services) -> Listing:
    made = make_live(session, services, make_seller(session))
    session.commit()
    return made


@pytest.fixture
def moderator(session: Session) -> User:
    return make_moderator(session)


@pytest.fixture
def people(session: Session) -> list[User]:
    return [make_user(session) for _ in range(2)]


@pytest.fixture
def case(session: Session, listing: Listing, moderator: User, people: list[User]) -> Case:
    """Reported by two, claimed."""
    for person in people:
        made = complain(session, listing, person.id, Reason.COPIED, NOTE)
    assert made is not None
    operations.claim(session, made.id, moderator)
    session.commit()
    return made


def told(session: Session, people: list[User]) -> list[OutgoingMail]:
    addresses = [person.email for person in people]
    query = select(OutgoingMail).where(OutgoingMail.recipient.in_(addresses))
    return list(session.scalars(query))


@pytest.mark.parametrize(
    ("ruling", "outcome"),
    [
        (Ruling(DecisionKind.APPROVE), "It stays on sale: nothing in it breaks"),
        (
            Ruling(DecisionKind.APPROVE_LIMITED, limits=(Limit.OFF_SHELVES,)),
            "It stays on sale, with limits.",
        ),
        (
            Ruling(DecisionKind.REQUEST_CHANGES, ReasonCode.SAMPLE_STOLEN, WHY),
            "off sale until its seller has changed it",
        ),
        (Ruling(DecisionKind.REJECT, ReasonCode.SAMPLE_STOLEN, WHY), "has been taken off sale"),
    ],
)
def test_each_reporter_reads_the_outcome_once_and_nothing_else(
    session: Session,
    case: Case,
    listing: Listing,
    moderator: User,
    people: list[User],
    ruling: Ruling,
    outcome: str,
) -> None:
    made = decide(session, case.id, moderator, ruling, timedelta())
    assert told(session, people) == []  # nothing is told before it is true
    assert settle(session, made.id) is OutcomeKind.APPLIED
    session.commit()
    assert settle(session, made.id) is None  # the message came twice
    mails = told(session, people)
    assert {mail.recipient for mail in mails} == {person.email for person in people}
    assert len(mails) == len(people)
    for mail in mails:
        assert outcome in mail.body_text
        assert listing.title in mail.subject
        for hidden in (moderator.display_name, WHY, NOTE, SECRET_WORD):
            assert hidden not in mail.subject + mail.body_text


def test_nobody_is_told_of_what_is_undone_handed_on_or_run_again(
    session: Session, case: Case, moderator: User, people: list[User]
) -> None:
    made = decide(session, case.id, moderator, Ruling(DecisionKind.APPROVE), timedelta(seconds=10))
    undo(session, made.id, moderator)
    handed = Ruling(DecisionKind.ESCALATE, note="Please look.")
    made = decide(session, case.id, moderator, handed, timedelta())
    assert settle(session, made.id) is OutcomeKind.APPLIED
    assert told(session, people) == []


def test_whoever_reports_again_is_told_again_and_whoever_left_is_not(
    session: Session, listing: Listing, case: Case, moderator: User, people: list[User]
) -> None:
    first, second = people
    second.active = False
    operations.approve(session, case.id, moderator)
    again = complain(session, listing, first.id, Reason.COPIED, "")
    assert again is not None
    operations.claim(session, again.id, moderator)
    operations.approve(session, again.id, moderator)
    assert [mail.recipient for mail in told(session, people)] == [first.email] * 2
