"""What is on sale comes before the moderators in one case, and a decision answers all of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import OutgoingMail, User
from marketplace.core.clock import frozen, now
from marketplace.core.container import Services
from marketplace.core.errors import InvalidError
from marketplace.listings import operations as listings
from marketplace.listings.drafting import reopen_draft
from marketplace.listings.models import Listing
from marketplace.listings.states import ListingState
from marketplace.moderation import banned, operations
from marketplace.moderation.appeals import operations as appeals
from marketplace.moderation.complaints.models import Complaint, Reason
from marketplace.moderation.complaints.operations import complain
from marketplace.moderation.decisions.models import BannedImage, Decision, ListingLimit
from marketplace.moderation.decisions.operations import Ruling, decide, settle, undo
from marketplace.moderation.models import Case, CaseEvent
from marketplace.moderation.on_sale import follow_version, open_waiting, put_before
from marketplace.moderation.standing.models import Strike
from marketplace.moderation.states import (
    About,
    CaseState,
    DecisionKind,
    Lane,
    Limit,
    OutcomeKind,
    ReasonCode,
)
from marketplace.moderation.waiting import review_place
from marketplace.verification.states import Verdict
from tests.factories.accounts import make_seller, make_user
from tests.factories.listings import make_live
from tests.factories.verification import make_moderator

AT_ONCE = timedelta()
NOTE = "The second picture is somebody else's."


@pytest.fixture
def listing(session: Session, services: Services) -> Listing:
    made = make_live(session, services, make_seller(session))
    session.commit()
    return made


@pytest.fixture
def moderator(session: Session) -> User:
    return make_moderator(session)


@pytest.fixture
def case(session: Session, listing: Listing, moderator: User) -> Case:
    """Reported by two, claimed."""
    for reason in (Reason.COPIED, Reason.SPAM):
        made = complain(session, listing, make_user(session).id, reason, "")
    assert made is not None
    operations.claim(session, made.id, moderator)
    session.commit()
    return made


def rule(session: Session, case: Case, moderator: User, ruling: Ruling) -> Decision:
    made = decide(session, case.id, moderator, ruling, AT_ONCE)
    assert settle(session, made.id) is OutcomeKind.APPLIED
    session.commit()
    return made


def open_reports(session: Session) -> int:
    return len(session.scalars(select(Complaint).where(Complaint.closed_at.is_(None))).all())


def test_reports_open_one_case_with_a_deadline_and_a_place_by_risk(
    session: Session, case: Case, listing: Listing
) -> None:
    assert session.scalars(select(Case).where(Case.state != CaseState.APPROVED)).all() == [case]
    assert (case.about, case.lane) == (About.ON_SALE, Lane.REPORTS)
    assert case.version_id == listing.live_version_id
    before = case.risk_rank
    complain(session, listing, make_user(session).id, Reason.COPIED, "")
    assert case.risk_rank < before
    assert timedelta(hours=23) < case.due_at - now() <= timedelta(hours=24)
    event = session.scalars(select(CaseEvent).where(CaseEvent.case_id == case.id)).first()
    assert event is not None
    assert event.action == "open"


def test_what_stays_on_sale_leaves_nothing_open_and_can_be_limited(
    session: Session, case: Case, listing: Listing, moderator: User
) -> None:
    ruling = Ruling(DecisionKind.APPROVE_LIMITED, limits=(Limit.OFF_SHELVES,))
    made = rule(session, case, moderator, ruling)
    assert listing.state is ListingState.LIVE
    assert (case.state, case.override, open_reports(session)) == (CaseState.APPROVED, False, 0)
    assert made.statement["decision"] == "Stays on sale with limits"
    assert session.scalars(select(ListingLimit.kind)).all() == [Limit.OFF_SHELVES]


@pytest.mark.parametrize(
    ("kind", "state", "strikes"),
    [
        (DecisionKind.REJECT, ListingState.REJECTED, 1),
        (DecisionKind.REQUEST_CHANGES, ListingState.CHANGES, 0),
    ],
)
def test_what_is_taken_off_sale_has_a_reason_a_mail_and_an_appeal(
    session: Session,
    services: Services,
    case: Case,
    listing: Listing,
    moderator: User,
    kind: DecisionKind,
    state: ListingState,
    strikes: int,
) -> None:
    made = rule(session, case, moderator, Ruling(kind, ReasonCode.SAMPLE_STOLEN, NOTE))
    assert (listing.state, open_reports(session)) == (state, 0)
    assert NOTE in (listing.rejection_text or "")
    assert len(session.scalars(select(Strike)).all()) == strikes
    to_seller = OutgoingMail.recipient == listing.seller.user.email
    mail = session.scalars(select(OutgoingMail).where(to_seller)).one()
    assert "is off sale" in mail.subject
    assert NOTE in mail.body_text
    with pytest.raises(Exception, match="cannot"):
        listings.relist(session, listing, listing.seller_id)
    words = "I painted it myself and can show the files."
    asked = appeals.appeal(session, services.vault, made.id, listing.seller_id, words)
    other = make_moderator(session)
    appeals.claim(session, asked.id, other)
    assert appeals.answer(session, asked.id, other, True, "You are right, sorry.") is None
    session.commit()
    assert (listing.state, listing.rejection_text) == (ListingState.LIVE, None)


def test_it_can_be_undone_and_a_report_that_comes_meanwhile_waits_for_a_case_of_its_own(
    session: Session, case: Case, listing: Listing, moderator: User
) -> None:
    ruling = Ruling(DecisionKind.REJECT, ReasonCode.SPAM)
    made = decide(session, case.id, moderator, ruling, timedelta(seconds=10))
    assert complain(session, listing, make_user(session).id, Reason.OTHER, "And this") is None
    undo(session, made.id, moderator)
    assert (case.state, listing.state) == (CaseState.CLAIMED, ListingState.LIVE)
    made = decide(session, case.id, moderator, Ruling(DecisionKind.APPROVE), timedelta(seconds=10))
    with frozen(now() + timedelta(seconds=11)):
        settle(session, made.id)
    assert open_reports(session) == 1
    assert [open_waiting(session) for _ in range(2)] == [1, 0]
    newest = session.scalars(select(Case).where(Case.state == CaseState.OPEN)).one()
    assert (newest.lane, newest.listing_id) == (Lane.REPORTS, listing.id)


def test_an_edit_that_goes_on_sale_takes_the_case_along(
    session: Session, case: Case, listing: Listing, moderator: User
) -> None:
    reopen_draft(session, listing, listing.seller_id)
    assert listing.version is not None
    before = case.version_id
    case.verdict = Verdict.REPRODUCED.value  # of the version that is about to go
    approved = Case(
        listing_id=listing.id,
        version_id=listing.version.id,
        state=CaseState.APPROVED,
        verdict=Verdict.INCONCLUSIVE.value,
        decided_by=moderator.id,
        decided_at=now(),
    )
    session.add(approved)
    listing.live_version_id = listing.version.id
    session.flush()
    follow_version(session, listing)
    session.expire(case)
    assert case.version_id == listing.version_id != before
    assert (case.run_id, case.verdict) == (
        None,
        Verdict.INCONCLUSIVE.value,
    )  # the evidence goes with it


def test_what_needs_an_answer_about_a_run_is_refused_where_none_waits(
    session: Session, case: Case, moderator: User
) -> None:
    for kind in (DecisionKind.RERUN, DecisionKind.DEGRADE):
        with pytest.raises(InvalidError, match="No re-verification"):
            decide(session, case.id, moderator, Ruling(kind), AT_ONCE)


def test_nothing_that_is_not_offered_comes_before_the_moderators(
    session: Session, listing: Listing
) -> None:
    listings.withdraw(session, listing, listing.seller_id)
    assert put_before(session, listing) is not None  # a click of its seller puts it back
    listings.take_down(session, listing, listing.seller_id, "SPAM", "Spam.")
    assert put_before(session, listing) is None
    assert not listings.take_down(session, listing, listing.seller_id, "SPAM", "Spam.")


def test_sellers_places_count_what_waits(session: Session, case: Case, listing: Listing) -> None:
    assert review_place(session, listing).ahead == 0
    assert case.state is CaseState.CLAIMED


def test_a_banned_picture_that_is_on_sale_becomes_a_case_and_nothing_goes_off_sale(
    session: Session, services: Services, listing: Listing, moderator: User
) -> None:
    other = make_live(session, services, make_seller(session))
    assert listing.live_version is not None
    assert other.live_version is not None
    sample, alike = listing.live_version.samples[0], other.live_version.samples[1]
    picture = BannedImage(
        sample_id=sample.id,
        reason_code=ReasonCode.SEXUAL,
        file_sha256=sample.file_sha256,
        pixel_sha256=sample.pixel_sha256,
    )
    session.add(picture)
    session.flush()
    assert banned.to_search(session) == [picture.id]
    cases = banned.file_matches(session, picture, {alike.id})
    session.commit()
    assert {case.listing_id for case in cases} == {listing.id, other.id}
    assert {case.lane for case in cases} == {Lane.SCANNER}
    assert banned.to_search(session) == []
    found = next(case for case in cases if case.listing_id == other.id).findings
    assert {(one.code, one.severity) for one in found} == {("SEXUAL", "serious")}
    assert any("Sample 2 is a picture" in one.explanation for one in found)
    assert listing.state is other.state is ListingState.LIVE


def test_a_banned_picture_waits_while_its_listing_is_being_decided_about(
    session: Session, case: Case, listing: Listing, moderator: User
) -> None:
    assert listing.live_version is not None
    sample = listing.live_version.samples[0]
    picture = BannedImage(
        reason_code=ReasonCode.SEXUAL, file_sha256=sample.file_sha256, pixel_sha256=b"2"
    )
    session.add(picture)
    session.flush()
    decide(session, case.id, moderator, Ruling(DecisionKind.APPROVE), timedelta(seconds=10))
    assert banned.file_matches(session, picture, set()) == []
    assert banned.to_search(session) == [picture.id]
