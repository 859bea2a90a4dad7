"""Attested models: two moderators, and a database that cannot be talked round."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.core.clock import frozen, now
from marketplace.core.container import Services
from marketplace.core.errors import InvalidError
from marketplace.listings import operations as listings
from marketplace.listings.models import Listing, ListingVersion, TargetModel
from marketplace.listings.states import ListingState
from marketplace.listings.tiers import Tier
from marketplace.moderation import operations
from marketplace.moderation.models import Approval, Case, CaseEvent
from marketplace.moderation.states import CaseState, ReasonCode
from marketplace.verification.models import VerificationRun
from marketplace.verification.states import RunState, Verdict
from tests.factories.verification import make_moderator, make_waiting_listing


def attested_case(
    session: Session, services: Services, verdict: Verdict | None = Verdict.NOT_RERUN
) -> Case:
    """A case of a listing on a model that nobody re-runs, its copy search over."""
    listing = make_waiting_listing(session, services.vault, state=ListingState.IN_REVIEW)
    version = session.get_one(ListingVersion, listing.version_id)
    make_attested(session, version)
    run = VerificationRun(
        version_id=version.id,
        state=RunState.COMPLETED if verdict else RunState.ERRORED,
        verdict=verdict,
        samples_total=3,
        steps=1,
        engine="none",
    )
    session.add(run)
    session.flush()
    case = operations.open_case(session, listing, version, run, [])
    session.commit()
    return case


def make_attested(session: Session, version: ListingVersion) -> None:
    model = version.target_model
    model.tier, model.seedable, model.schedulers = Tier.ATTESTED, False, []
    version.scheduler = ""
    session.flush()


def approve(session: Session, case: Case, moderator: User, **options: object) -> Case:
    operations.claim(session, case.id, moderator)
    return operations.approve(session, case.id, moderator, **options)  # type: ignore[arg-type]


def test_the_first_approval_only_puts_it_back_into_the_queue(
    session: Session, services: Services
) -> None:
    case, first = attested_case(session, services), make_moderator(session)
    approve(session, case, first, note="looks right")
    session.commit()
    assert (case.state, case.claimed_by, case.decided_by) == (CaseState.OPEN, None, None)
    assert case.listing.state is ListingState.IN_REVIEW
    assert session.scalars(select(CaseEvent.action).order_by(CaseEvent.at)).all() == [
        "open",
        "claim",
        "decide",
        "endorse",
    ]


def test_the_same_moderator_cannot_be_both_hands(session: Session, services: Services) -> None:
    case, first = attested_case(session, services), make_moderator(session)
    approve(session, case, first)
    session.commit()
    with pytest.raises(InvalidError, match="second moderator"):
        operations.claim(session, case.id, first)


def test_the_second_approval_makes_it_live(session: Session, services: Services) -> None:
    case = attested_case(session, services)
    first, second = make_moderator(session), make_moderator(session)
    approve(session, case, first)
    approve(session, case, second)
    session.commit()  # the database's own check runs here
    assert case.state is CaseState.APPROVED
    assert case.listing.state is ListingState.LIVE
    assert {row.moderator_id for row in case.approvals} == {first.id, second.id}
    assert case.override is False


def test_the_second_moderator_may_still_reject(session: Session, services: Services) -> None:
    case = attested_case(session, services)
    approve(session, case, make_moderator(session))
    second = make_moderator(session)
    operations.claim(session, case.id, second)
    operations.reject(session, case.id, second, ReasonCode.MISLEADING_TEXT)
    session.commit()
    assert case.listing.state is ListingState.REJECTED


@pytest.mark.parametrize("verdict", [Verdict.COPIED, None])
def test_a_found_copy_or_an_unfinished_search_needs_both_to_override(
    session: Session, services: Services, verdict: Verdict | None
) -> None:
    case = attested_case(session, services, verdict)
    first, second = make_moderator(session), make_moderator(session)
    operations.claim(session, case.id, first)
    with pytest.raises(InvalidError, match="does not prove"):
        operations.approve(session, case.id, first)
    operations.approve(session, case.id, first, note="Both are this seller's.", override=True)
    operations.claim(session, case.id, second)
    with pytest.raises(InvalidError, match="does not prove"):
        operations.approve(session, case.id, second)
    operations.approve(session, case.id, second, note="I asked; they are.", override=True)
    session.commit()
    assert (case.override, case.listing.state) == (True, ListingState.LIVE)


def force_live(session: Session, listing: Listing) -> None:
    """What code that forgot the rules would do."""
    session.execute(
        text(
            "UPDATE listings SET state = 'live', live_version_id = version_id, "
            "published_at = now() WHERE id = :id"
        ),
        {"id": listing.id},
    )
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


def force_approved(session: Session, case: Case, moderator: User, override: bool = False) -> None:
    case.state, case.decided_by, case.decided_at = CaseState.APPROVED, moderator.id, now()
    case.override, case.decision_note = override, "because I say so"
    session.flush()


def hand(session: Session, case: Case, moderator_id: str) -> None:
    session.add(Approval(case_id=case.id, moderator_id=moderator_id, override=False))
    session.flush()


def test_the_database_counts_two_different_moderators(session: Session, services: Services) -> None:
    case = attested_case(session, services)
    first, second = make_moderator(session), make_moderator(session)
    force_approved(session, case, first, override=True)
    hand(session, case, first.id)
    hand(session, case, case.listing.seller_id)  # the seller's own hand does not count
    with pytest.raises(IntegrityError, match="two moderators"), session.begin_nested():
        force_live(session, case.listing)
    hand(session, case, second.id)
    force_live(session, case.listing)


def test_the_database_wants_the_search_or_an_override_too(
    session: Session, services: Services
) -> None:
    case = attested_case(session, services, Verdict.COPIED)
    first, second = make_moderator(session), make_moderator(session)
    force_approved(session, case, first)
    for moderator in (first, second):
        hand(session, case, moderator.id)
    with pytest.raises(IntegrityError, match="two moderators"), session.begin_nested():
        force_live(session, case.listing)


def test_a_search_for_copies_is_no_proof_for_a_model_that_can_be_rerun(
    session: Session, services: Services
) -> None:
    case = attested_case(session, services)
    model = session.get_one(TargetModel, "house-test")
    model.tier = Tier.DISTRIBUTIONAL
    first, second = make_moderator(session), make_moderator(session)
    with pytest.raises(InvalidError, match="does not prove"):
        approve(session, case, first)
    force_approved(session, case, first)
    for moderator in (first, second):
        hand(session, case, moderator.id)
    with pytest.raises(IntegrityError, match="without its proof"), session.begin_nested():
        force_live(session, case.listing)


def test_approvals_are_written_once(session: Session, services: Services) -> None:
    case = attested_case(session, services)
    approve(session, case, make_moderator(session))
    session.commit()
    for forgery in (
        "UPDATE moderation_approvals SET note = 'x'",
        "DELETE FROM moderation_approvals",
    ):
        with pytest.raises(IntegrityError, match="append-only"), session.begin_nested():
            session.execute(text(forgery))


@pytest.mark.parametrize("override", [False, True])
def test_nothing_goes_live_on_a_model_that_is_switched_off(
    session: Session, services: Services, override: bool
) -> None:
    case, moderator = attested_case(session, services), make_moderator(session)
    model = session.get_one(TargetModel, "house-test")
    model.tier, model.retired_on = Tier.DISTRIBUTIONAL, date(2026, 5, 12)
    session.flush()
    operations.claim(session, case.id, moderator)
    with pytest.raises(InvalidError, match="switched off"):
        operations.approve(session, case.id, moderator, "I like it very much", override)
    force_approved(session, case, moderator, override=True)
    with pytest.raises(IntegrityError, match="switched off"), session.begin_nested():
        force_live(session, case.listing)


def test_a_day_before_it_is_switched_off_all_is_well(session: Session, services: Services) -> None:
    case = attested_case(session, services)
    model = session.get_one(TargetModel, "house-test")
    model.retired_on = date(2099, 5, 12)
    for moderator in (make_moderator(session), make_moderator(session)):
        approve(session, case, moderator)
    session.commit()
    assert case.listing.state is ListingState.LIVE
    with frozen(datetime(2099, 5, 12, tzinfo=UTC)):
        (retired,) = listings.retire_listings(session)
    session.commit()
    assert (retired.id, retired.state) == (case.listing.id, ListingState.WITHDRAWN)
