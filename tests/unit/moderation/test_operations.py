"""Decisions under attack: two moderators, missing proof, one's own listing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.core.clock import frozen, now
from marketplace.core.container import Services
from marketplace.core.errors import ConflictError, InvalidError
from marketplace.listings.models import ListingVersion
from marketplace.listings.states import ListingState
from marketplace.moderation import operations
from marketplace.moderation.models import Case, CaseEvent
from marketplace.moderation.states import CaseState, ReasonCode
from marketplace.verification.models import VerificationRun
from marketplace.verification.policy import FindingDraft
from marketplace.verification.states import RunState, Verdict
from tests.factories.verification import make_moderator, make_waiting_listing


def make_case(
    session: Session, services: Services, verdict: Verdict | None = Verdict.REPRODUCED
) -> Case:
    """A case in the queue whose run has ended with the verdict (or without a report)."""
    listing = make_waiting_listing(session, services.vault, state=ListingState.IN_REVIEW)
    version = session.get_one(ListingVersion, listing.version_id)
    run = VerificationRun(
        version_id=version.id,
        state=RunState.COMPLETED if verdict else RunState.ERRORED,
        verdict=verdict,
        samples_total=3,
        steps=4,
        engine="house",
    )
    session.add(run)
    session.flush()
    case = operations.open_case(session, listing, version, run, [])
    session.commit()
    return case


def test_a_case_is_opened_once(session: Session, services: Services) -> None:
    case = make_case(session, services)
    version = session.get_one(ListingVersion, case.version_id)
    finding = FindingDraft("SPAM", "info", "title", "x" * 900)
    again = operations.open_case(session, case.listing, version, None, [finding])
    assert again.id == case.id


def test_proof_makes_a_listing_live(session: Session, services: Services) -> None:
    case, moderator = make_case(session, services), make_moderator(session)
    operations.claim(session, case.id, moderator)
    operations.approve(session, case.id, moderator)
    session.commit()  # the database's own check of the proof runs here
    assert case.listing.state is ListingState.LIVE
    assert case.listing.live_version_id == case.version_id
    assert case.override is False
    actions = session.scalars(select(CaseEvent.action).order_by(CaseEvent.at)).all()
    assert actions == ["open", "claim", "decide", "approve"]


@pytest.mark.parametrize("verdict", [Verdict.MISMATCH, Verdict.COPIED, Verdict.INCONCLUSIVE, None])
def test_without_proof_only_an_explained_override_publishes(
    session: Session, services: Services, verdict: Verdict | None
) -> None:
    case, moderator = make_case(session, services, verdict), make_moderator(session)
    operations.claim(session, case.id, moderator)
    with pytest.raises(InvalidError, match="does not prove"):
        operations.approve(session, case.id, moderator)
    with pytest.raises(InvalidError, match="explain it"):
        operations.approve(session, case.id, moderator, note="ok", override=True)
    assert case.listing.state is ListingState.IN_REVIEW
    note = "The sampler was renamed; compared by eye."
    operations.approve(session, case.id, moderator, note=note, override=True)
    session.commit()
    assert case.listing.state is ListingState.LIVE
    assert (case.override, case.decided_by, case.decision_note) == (True, moderator.id, note)


def test_a_rejection_reaches_the_seller_with_its_reason(
    session: Session, services: Services
) -> None:
    case, moderator = make_case(session, services, Verdict.MISMATCH), make_moderator(session)
    operations.claim(session, case.id, moderator)
    operations.reject(session, case.id, moderator, ReasonCode.SAMPLES_MISMATCH, "Sample 2, please.")
    session.commit()
    assert case.listing.state is ListingState.REJECTED
    assert case.listing.rejection_code == "SAMPLES_MISMATCH"
    assert "was not made by this prompt" in (case.listing.rejection_text or "")
    assert "Sample 2, please." in (case.listing.rejection_text or "")


def test_two_moderators_cannot_both_decide(session: Session, services: Services) -> None:
    case = make_case(session, services)
    first, second = make_moderator(session), make_moderator(session)
    session.commit()
    operations.claim(session, case.id, first)
    session.commit()
    with services.database.new_session() as other:
        other_second = other.get_one(User, second.id)
        with pytest.raises(ConflictError, match="Another moderator"):
            operations.claim(other, case.id, other_second)
        other.rollback()
        with pytest.raises(ConflictError, match="Another moderator"):
            operations.approve(other, case.id, other_second)
        other.rollback()
    operations.approve(session, case.id, first)
    session.commit()
    with services.database.new_session() as other:
        other_second = other.get_one(User, second.id)
        with pytest.raises(ConflictError, match="already"):
            operations.reject(other, case.id, other_second, ReasonCode.SPAM)
        with pytest.raises(ConflictError, match="already"):
            operations.claim(other, case.id, other_second)
    assert session.get_one(Case, case.id).state is CaseState.APPROVED


def test_claims_at_the_same_moment_wait_for_each_other(
    session: Session, services: Services
) -> None:
    """The second claimant blocks on the row and then sees the first's claim."""
    import threading

    case = make_case(session, services)
    first, second = make_moderator(session), make_moderator(session)
    session.commit()
    outcome: list[str] = []

    def late_claim() -> None:
        with services.database.new_session() as other:
            try:
                operations.claim(other, case.id, other.get_one(User, second.id))
                other.commit()
                outcome.append("claimed")
            except ConflictError as error:
                outcome.append(error.code)

    operations.claim(session, case.id, first)  # holds the row's lock until the commit
    thread = threading.Thread(target=late_claim)
    thread.start()
    thread.join(timeout=0.5)
    assert outcome == []  # still waiting
    session.commit()
    thread.join(timeout=60)
    assert outcome == ["case_claimed"]


def test_an_old_claim_can_be_taken_over(session: Session, services: Services) -> None:
    case = make_case(session, services)
    first, second = make_moderator(session), make_moderator(session)
    operations.claim(session, case.id, first)
    session.commit()
    with frozen(now() + operations.CLAIM_LASTS + timedelta(seconds=1)):
        operations.claim(session, case.id, second)
        session.commit()
    assert case.claimed_by == second.id
    with pytest.raises(ConflictError):
        operations.approve(session, case.id, first)


def test_nobody_decides_their_own_listing(session: Session, services: Services) -> None:
    case = make_case(session, services)
    owner = session.get_one(User, case.listing.seller_id)
    with pytest.raises(InvalidError, match="your own"):
        operations.claim(session, case.id, owner)


def test_deciding_needs_a_claim_and_releasing_gives_it_back(
    session: Session, services: Services
) -> None:
    case, moderator = make_case(session, services), make_moderator(session)
    with pytest.raises(ConflictError, match="Claim the case"):
        operations.approve(session, case.id, moderator)
    session.rollback()
    moderator = make_moderator(session)
    operations.claim(session, case.id, moderator)
    operations.release(session, case.id, moderator)
    session.commit()
    assert (case.state, case.claimed_by) == (CaseState.OPEN, None)
