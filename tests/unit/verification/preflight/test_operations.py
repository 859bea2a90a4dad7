"""Preflights: one at a time, so many a day, nothing public, no harm from a changing draft."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import frozen, now
from marketplace.core.container import Services
from marketplace.core.errors import ConflictError
from marketplace.listings import operations as listings
from marketplace.listings.checks import SubmissionError
from marketplace.listings.models import Listing, ListingVersion, Sample
from marketplace.listings.queries import version_of
from marketplace.listings.states import ListingState
from marketplace.moderation.models import Case
from marketplace.verification.consistency.models import ConsistencyReport
from marketplace.verification.consistency.presenters import consistency_of
from marketplace.verification.consistency.states import Purpose, ReportState
from marketplace.verification.models import CopyHit, VerificationRun
from marketplace.verification.operations import request_run
from marketplace.verification.policy import FindingDraft
from marketplace.verification.preflight import operations
from marketplace.verification.preflight.models import Outcome, Preflight
from marketplace.verification.preflight.operations import HIDDEN, PreflightLimitError
from marketplace.verification.preflight.presenters import view_of
from marketplace.verification.report import report_of
from marketplace.verification.states import RunKind, RunState
from tests.factories.consistency import work as make_report
from tests.factories.generation import FakeGenerator
from tests.factories.listings import contents, make_draft, make_live
from tests.factories.orders import make_seller
from tests.factories.runs import work

PER_DAY = 3


@pytest.fixture
def seller(session: Session) -> SellerProfile:
    return make_seller(session)


@pytest.fixture
def draft(session: Session, services: Services, seller: SellerProfile) -> Listing:
    listing = make_draft(session, services, seller, samples=3)
    session.commit()
    return listing


def start(
    session: Session, services: Services, listing: Listing, per_day: int = PER_DAY
) -> Preflight:
    preflight = operations.start(session, services.vault, services.queue, listing, per_day)
    session.commit()
    return preflight


def close(session: Session, preflight: Preflight) -> None:
    operations.cancel(session, preflight, "for a test")
    session.commit()


def test_a_preflight_runs_to_the_end_and_moves_nothing(
    session: Session, services: Services, draft: Listing, monkeypatch: pytest.MonkeyPatch
) -> None:
    preflight = start(session, services, draft)
    assert work(services, FakeGenerator()) is not None
    session.expire_all()
    assert preflight.run.state is RunState.COMPLETED
    assert preflight.report is not None
    assert preflight.report.purpose is Purpose.PREVIEW
    assert preflight.outcome is None  # the preview is still to be made
    assert make_report(monkeypatch, services, FakeGenerator())
    session.expire_all()
    assert preflight.outcome is Outcome.FINISHED
    view = view_of(session, draft, PER_DAY)
    assert not view.is_stale
    assert view.report is not None
    assert view.findings[0]["code"] == "SAMPLES_MISMATCH"  # smooth squares, drawn by nobody
    assert view.consistency is not None
    # Nothing has become public, nobody was told, the draft is a draft.
    version = version_of(session, draft)
    assert report_of(session, version) is None
    assert consistency_of(session, version) is None
    assert draft.state is ListingState.DRAFT
    assert session.scalars(select(Case)).all() == []


def test_a_draft_with_gaps_has_none(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_draft(session, services, seller, samples=1)
    with pytest.raises(SubmissionError, match="2 more samples"):
        start(session, services, listing)


def test_a_submitted_listing_has_none(
    session: Session, services: Services, seller: SellerProfile, draft: Listing
) -> None:
    listings.submit(session, services.vault, services.queue, draft, seller.user_id)
    with pytest.raises(ConflictError, match="Only a draft"):
        start(session, services, draft)


def test_one_at_a_time(
    session: Session, services: Services, seller: SellerProfile, draft: Listing
) -> None:
    other = make_draft(session, services, seller, samples=3, title="Another draft")
    first = start(session, services, draft)
    with pytest.raises(ConflictError, match="under way"):
        start(session, services, other)
    session.rollback()
    twin = Preflight(
        seller_id=seller.user_id,
        version_id=other.version_id,
        run_id=first.run_id,
        digest=b"",
    )
    session.add(twin)
    with pytest.raises(IntegrityError, match="uq_preflights_open"):
        session.flush()
    session.rollback()
    close(session, first)
    assert start(session, services, draft).id != first.id


def test_so_many_a_day_and_it_says_when_the_next_is_free(
    session: Session, services: Services, seller: SellerProfile, draft: Listing
) -> None:
    began = now() - timedelta(hours=6)
    for hour in range(PER_DAY):
        with frozen(began + timedelta(hours=hour)):
            preflight = start(session, services, draft)
            preflight.created_at = now()
            close(session, preflight)
    free = began + timedelta(hours=24)
    assert operations.next_free(session, seller.user_id, PER_DAY) == free
    with pytest.raises(PreflightLimitError, match=f"free at {free:%H:%M} UTC on {free.day} "):
        start(session, services, draft)
    session.rollback()
    with frozen(free + timedelta(seconds=1)):
        start(session, services, draft)


def test_our_own_failures_do_not_count(
    session: Session, services: Services, seller: SellerProfile, draft: Listing
) -> None:
    preflight = start(session, services, draft, per_day=1)
    preflight.run.state = RunState.ERRORED
    operations.record_run(session, preflight.run)
    session.commit()
    assert preflight.outcome is Outcome.FAILED
    assert operations.next_free(session, seller.user_id, 1) is None
    assert "not your fault" in view_of(session, draft, 1).progress["message"]
    start(session, services, draft, per_day=1)


def test_changing_the_draft_cancels_an_open_preflight(
    session: Session, services: Services, seller: SellerProfile, draft: Listing
) -> None:
    preflight = start(session, services, draft)
    assert not operations.cancel_if_changed(session, draft)
    sample = version_of(session, draft).samples[0]
    listings.change_sample(session, services.vault, draft, sample.id, {"subject": "owl"}, 99)
    assert operations.cancel_if_changed(session, draft)
    session.commit()
    assert preflight.outcome is Outcome.CANCELLED
    assert preflight.run.state is RunState.CANCELLED
    assert not operations.cancel_if_changed(session, draft)


def test_changing_the_draft_makes_a_finished_preflight_stale(
    session: Session,
    services: Services,
    seller: SellerProfile,
    draft: Listing,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start(session, services, draft)
    work(services, FakeGenerator())
    make_report(monkeypatch, services, FakeGenerator())
    session.expire_all()
    assert not view_of(session, draft, PER_DAY).is_stale
    written = contents(prompt="velvet [subject=hare] under a [sky: sunset | night] sky")
    listings.revise(session, services.vault, draft, written, seller.user_id)
    session.commit()
    view = view_of(session, draft, PER_DAY)
    assert view.is_stale
    assert view.preflight is not None
    assert view.preflight.outcome is Outcome.FINISHED


def test_a_preview_stops_by_itself_when_the_draft_has_moved_on(
    session: Session,
    services: Services,
    seller: SellerProfile,
    draft: Listing,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The message may be lost: the worker looks for itself, and the values may not even fit."""
    preflight = start(session, services, draft)
    work(services, FakeGenerator())
    written = contents(prompt="velvet [animal=hare] and nothing else")
    listings.revise(session, services.vault, draft, written, seller.user_id)
    session.commit()
    engine = FakeGenerator()
    assert make_report(monkeypatch, services, engine)
    session.expire_all()
    assert engine.requests == []
    assert preflight.outcome is Outcome.CANCELLED
    report = session.get_one(ConsistencyReport, preflight.report_id)
    assert report.state is ReportState.CANCELLED


def test_submitting_takes_the_run_over_and_the_sweep_closes_the_preflight(
    session: Session, services: Services, seller: SellerProfile, draft: Listing
) -> None:
    preflight = start(session, services, draft)
    listings.submit(session, services.vault, services.queue, draft, seller.user_id)
    run = request_run(session, session.get_one(ListingVersion, draft.version_id))
    session.commit()
    assert run.id == preflight.run_id
    assert run.kind is RunKind.LISTING
    operations.close_forgotten(session)
    session.commit()
    assert preflight.outcome is Outcome.CANCELLED
    assert run.state is RunState.QUEUED  # the listing's own run goes on
    assert view_of(session, draft, PER_DAY).report is None


def test_titles_that_are_not_public_are_left_out(
    session: Session, services: Services, draft: Listing
) -> None:
    rival = make_seller(session)
    public = make_live(session, services, rival, title="On the shelf")
    hidden = make_draft(session, services, rival, samples=1, title="Under wraps")
    preflight = start(session, services, draft)
    mine = version_of(session, draft).samples[0]
    run = session.get_one(VerificationRun, preflight.run_id)
    for listing in (public, hidden):
        other = session.scalars(
            select(Sample).where(Sample.version_id == listing.version_id).limit(1)
        ).one()
        session.add(
            CopyHit(
                run_id=run.id,
                sample_id=mine.id,
                other_sample_id=other.id,
                kind="same_picture",
                distance=3,
                other_is_earlier=True,
            )
        )
    run.state, run.verdict = RunState.COMPLETED, "copied"  # type: ignore[assignment]
    findings = [
        FindingDraft("SAMPLE_STOLEN", "serious", "samples", f"Sample 1 is in “{title}”.")
        for title in ("On the shelf", "Under wraps")
    ]
    operations.record_run(session, run, findings)
    told = [finding["explanation"] for finding in preflight.findings or []]
    assert told == ["Sample 1 is in “On the shelf”.", f"Sample 1 is in {HIDDEN}."]
