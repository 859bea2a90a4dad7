"""Decisions: one outcome each, undone or applied; rows that nobody changes; what they leave."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.core.clock import frozen, now
from marketplace.core.container import Services
from marketplace.core.errors import ConflictError, InvalidError, NotFoundError
from marketplace.core.permissions import Role
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.states import ListingState
from marketplace.moderation import operations
from marketplace.moderation.banned import banned_findings
from marketplace.moderation.decisions.models import BannedImage, Decision, ListingLimit, Outcome
from marketplace.moderation.decisions.operations import Ruling, decide, due, settle, undo, undoable
from marketplace.moderation.decisions.queries import off_shelves
from marketplace.moderation.models import Case
from marketplace.moderation.recommendation import Advice, Recommendation
from marketplace.moderation.states import (
    CaseState,
    DecisionKind,
    Lane,
    Limit,
    OutcomeKind,
    ReasonCode,
)
from marketplace.verification.states import Verdict
from tests.factories.verification import make_moderator, make_sample
from tests.fixtures.app import log_in
from tests.unit.moderation.test_operations import make_case
from tests.unit.moderation.test_routes import give_role

TEN = timedelta(seconds=10)
REJECT = Ruling(DecisionKind.REJECT, ReasonCode.SPAM, "One of forty.")


@pytest.fixture
def moderator(session: Session) -> User:
    made = make_moderator(session)
    session.commit()
    return made


@pytest.fixture
def case(session: Session, services: Services, moderator: User) -> Case:
    made = make_case(session, services)
    operations.claim(session, made.id, moderator)
    session.commit()
    return made


def test_nothing_happens_before_its_moment_and_undoing_leaves_no_trace_on_the_listing(
    session: Session, case: Case, moderator: User
) -> None:
    made = decide(session, case.id, moderator, REJECT, TEN)
    session.commit()
    assert (case.state, case.listing.state) == (CaseState.DECIDING, ListingState.IN_REVIEW)
    assert undoable(session, moderator.id) is made
    assert (due(session), settle(session, made.id)) == ([], None)
    undo(session, made.id, moderator)
    session.commit()
    assert (case.state, case.claimed_by) == (CaseState.CLAIMED, moderator.id)
    with frozen(now() + 2 * TEN):
        assert (due(session), settle(session, made.id)) == ([], None)
    assert case.listing.state is ListingState.IN_REVIEW
    assert session.get_one(Outcome, made.id).kind is OutcomeKind.UNDONE
    assert undoable(session, moderator.id) is None


def test_after_its_moment_it_is_applied_once_and_cannot_be_undone(
    session: Session, case: Case, moderator: User
) -> None:
    made = decide(session, case.id, moderator, REJECT, TEN)
    session.commit()
    with frozen(now() + TEN + timedelta(seconds=1)):
        assert due(session) == [made.id]
        assert settle(session, made.id) is OutcomeKind.APPLIED
        session.commit()
        assert settle(session, made.id) is None
        with pytest.raises(ConflictError, match="cannot be undone"):
            undo(session, made.id, moderator)
    assert case.listing.state is ListingState.REJECTED
    assert made.statement["code"] == "SPAM"
    assert made.statement["seller_text"] in (case.listing.rejection_text or "")
    assert made.statement["appeal_until"]


def test_undoing_and_applying_at_the_same_moment_have_one_winner(
    session: Session, services: Services, case: Case, moderator: User
) -> None:
    made = decide(session, case.id, moderator, REJECT, TEN)
    session.commit()
    said: list[str] = []

    def late() -> None:
        with frozen(now() + 2 * TEN), services.database.new_session() as other:
            said.append(str(settle(other, made.id)))
            other.commit()

    undo(session, made.id, moderator)  # holds the case until the commit
    thread = threading.Thread(target=late)
    thread.start()
    thread.join(timeout=0.4)
    assert said == []
    session.commit()
    thread.join(timeout=60)
    assert said == ["None"]
    session.expire_all()
    assert case.listing.state is ListingState.IN_REVIEW


def test_rows_of_decisions_and_outcomes_cannot_be_changed(
    session: Session, case: Case, moderator: User
) -> None:
    made = decide(session, case.id, moderator, REJECT, timedelta())
    settle(session, made.id)
    session.commit()
    for statement in (
        update(Decision).values(note="never"),
        delete(Decision),
        update(Outcome).values(reason="never"),
        delete(Outcome),
    ):
        with pytest.raises(IntegrityError, match="append-only"), session.begin_nested():
            session.execute(statement)


def test_what_cannot_be_done_any_more_goes_back_into_the_queue(
    session: Session, case: Case, moderator: User
) -> None:
    made = decide(session, case.id, moderator, Ruling(DecisionKind.APPROVE), TEN)
    case.listing.state = ListingState.DRAFT  # as if the seller had taken it back
    session.commit()
    with frozen(now() + 2 * TEN):
        assert settle(session, made.id) is OutcomeKind.FAILED
    session.commit()
    assert (case.state, case.claimed_by) == (CaseState.OPEN, None)
    assert session.get_one(Outcome, made.id).reason


@pytest.mark.parametrize(
    ("ruling", "said"),
    [
        (Ruling(DecisionKind.REJECT), "Choose the reason"),
        (Ruling(DecisionKind.REQUEST_CHANGES), "Choose the reason"),
        (Ruling(DecisionKind.APPROVE_LIMITED), "at least one limit"),
        (Ruling(DecisionKind.ESCALATE), "Say in a sentence"),
        (Ruling(DecisionKind.APPROVE, note="x" * 2001), "At most"),
        (Ruling(DecisionKind.APPROVE, banned_samples=("x",)), "with a rejection"),
    ],
)
def test_a_decision_that_lacks_something_is_refused_at_once(
    session: Session, case: Case, moderator: User, ruling: Ruling, said: str
) -> None:
    with pytest.raises(InvalidError, match=said):
        decide(session, case.id, moderator, ruling, TEN)
    assert session.scalar(select(Decision.id)) is None
    assert case.state is CaseState.CLAIMED


def test_changes_are_asked_for_without_a_strike_and_lead_back_to_the_wizard(
    client: FlaskClient, session: Session, case: Case, moderator: User
) -> None:
    ruling = Ruling(DecisionKind.REQUEST_CHANGES, ReasonCode.SAMPLE_STOLEN, "Only sample two.")
    settle(session, decide(session, case.id, moderator, ruling, timedelta()).id)
    session.commit()
    listing = case.listing
    assert (case.state, listing.state) == (CaseState.CHANGES, ListingState.CHANGES)
    assert case.reason_code is ReasonCode.SAMPLE_STOLEN
    seller = session.get_one(User, listing.seller_id)
    give_role(session, seller, Role.SELLER)
    log_in(client, seller)
    assert 'badge--warning">Changes requested<' in client.get("/sell/listings").text
    page = client.get(f"/sell/{listing.id}").text
    assert "A moderator asks for changes." in page
    assert "Only sample two." in page
    assert "Rejected" not in page
    answer = client.post(f"/sell/{listing.id}/revise")
    assert f"/sell/{listing.id}" in answer.location
    session.expire_all()
    assert listing.state is ListingState.DRAFT


def test_an_escalated_case_is_for_somebody_else(
    session: Session, case: Case, moderator: User
) -> None:
    advice = Recommendation(Advice.LOOK, ("why",))
    ruling = Ruling(DecisionKind.ESCALATE, note="Is this a brand?", advice=advice)
    made = decide(session, case.id, moderator, ruling, timedelta())
    settle(session, made.id)
    session.commit()
    assert (case.state, case.lane, made.advice) == (CaseState.OPEN, Lane.ESCALATED, "look")
    with pytest.raises(InvalidError, match="handed this case on"):
        operations.claim(session, case.id, moderator)
    operations.claim(session, case.id, make_moderator(session))


def test_limits_and_bans_stay_behind(
    session: Session, services: Services, case: Case, moderator: User
) -> None:
    limited = Ruling(DecisionKind.APPROVE_LIMITED, limits=(Limit.OFF_SHELVES, Limit.RECHECK))
    settle(session, decide(session, case.id, moderator, limited, timedelta()).id)
    session.commit()
    assert case.listing.state is ListingState.LIVE
    assert set(session.scalars(select(ListingLimit.kind))) == set(Limit)
    assert session.scalars(off_shelves()).all() == [case.listing_id]

    bad = make_case(session, services, Verdict.MISMATCH)
    operations.claim(session, bad.id, moderator)
    sample = session.get_one(ListingVersion, bad.version_id).samples[1]
    foreign = session.get_one(ListingVersion, case.version_id).samples[0]
    ruling = Ruling(
        DecisionKind.REJECT, ReasonCode.OFFENSIVE, banned_samples=(sample.id, foreign.id)
    )
    settle(session, decide(session, bad.id, moderator, ruling, timedelta()).id)
    session.commit()
    [banned] = session.scalars(select(BannedImage))
    assert banned.sample_id == sample.id

    again = make_case(session, services)
    version = session.get_one(ListingVersion, again.version_id)
    assert banned_findings(session, version) == []
    copy = make_sample(version, 9)
    copy.file_sha256 = sample.file_sha256
    session.add(copy)
    session.flush()
    [finding] = banned_findings(session, version)
    assert (finding.code, finding.severity) == ("OFFENSIVE", "serious")


def test_only_who_made_a_decision_undoes_it(session: Session, case: Case, moderator: User) -> None:
    made = decide(session, case.id, moderator, REJECT, TEN)
    with pytest.raises(NotFoundError):
        undo(session, made.id, make_moderator(session))


def test_old_claims_are_released(session: Session, case: Case, moderator: User) -> None:
    assert operations.release_expired(session) == 0
    with frozen(now() + operations.CLAIM_LASTS + timedelta(seconds=1)):
        assert operations.release_expired(session) == 1
    session.commit()
    assert (case.state, case.claimed_by) == (CaseState.OPEN, None)
    assert session.get_one(Listing, case.listing_id).state is ListingState.IN_REVIEW
