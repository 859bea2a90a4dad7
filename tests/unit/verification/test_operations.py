"""Runs under attack: two workers, dead workers, late workers, lost messages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.core.clock import frozen, now
from marketplace.core.container import Services
from marketplace.core.errors import ConflictError
from marketplace.core.leases import STALE_AFTER, LeaseLostError
from marketplace.core.unit_of_work import unit_of_work
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.states import ListingState
from marketplace.moderation.models import Case
from marketplace.verification import operations, queries, waiting
from marketplace.verification.calibration import uncalibrated
from marketplace.verification.decision import FOUND_OF_BAND, Decision, Found, Observation
from marketplace.verification.models import RunEvent, SampleCheck, VerificationRun
from marketplace.verification.similarity import Band, Comparison, DecidedBy
from marketplace.verification.states import RunKind, RunState, Verdict
from tests.factories.verification import make_waiting_listing

HASHES: dict[str, Any] = {
    "pdq": bytes(32),
    "pdq_quality": 100,
    "phash64": bytes(8),
    "dct256": bytes(32),
    "fingerprint_version": 1,
}


def comparison(distance: int, band: Band) -> Comparison:
    return Comparison(distance, 0, distance, 100, DecidedBy.PDQ, band)


def waiting_version(session: Session, services: Services) -> ListingVersion:
    listing = make_waiting_listing(session, services.vault)
    session.commit()
    return session.get_one(ListingVersion, listing.version_id)


def check(
    session: Session, run: VerificationRun, sample_id: str, band: Band = Band.REPRODUCED
) -> None:
    """Record a look at one sample, and the decision as it stands after it."""
    path = [*(run.decision or {"path": []})["path"]]
    seen = [Observation(**{**step, "found": Found(step["found"])}) for step in map(plain, path)]
    decision = Decision.restore(uncalibrated("house", "x"), order_of(run, seen, sample_id), 4, seen)
    distance = {Band.REPRODUCED: 2, Band.GREY: 50, Band.MISS: 120}[band]
    decision.record(Observation(sample_id, FOUND_OF_BAND[band], distance))
    draft = operations.CheckDraft(sample_id, comparison(distance, band), HASHES, [], 0.5)
    operations.record_look(
        session,
        run.id,
        str(run.lease),
        decision.as_dict(),
        8,
        draft,
        {"model_id": "test"},
    )


def plain(step: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in step.items() if name not in ("llr", "total")}


def order_of(run: VerificationRun, seen: list[Observation], next_id: str) -> list[str]:
    """An order in which the test's samples come as it records them."""
    first = [*(one.sample_id for one in seen), next_id]
    rest = [sample.id for sample in run.version.samples if sample.id not in first]
    return list(dict.fromkeys([*first, *rest]))


def test_asking_twice_makes_one_run(session: Session, services: Services) -> None:
    version = waiting_version(session, services)
    first = operations.request_run(session, version)
    second = operations.request_run(session, version)
    assert first.id == second.id
    assert (first.samples_total, first.steps, first.engine) == (3, 4, "house")


def test_the_database_refuses_a_second_open_run(session: Session, services: Services) -> None:
    version = waiting_version(session, services)
    for _ in range(2):
        session.add(
            VerificationRun(version_id=version.id, samples_total=3, steps=4, engine="house")
        )
    with pytest.raises(IntegrityError, match="uq_verification_runs_open"):
        session.flush()


def test_two_workers_never_hold_the_same_run(session: Session, services: Services) -> None:
    versions = [waiting_version(session, services) for _ in range(2)]
    runs = [operations.request_run(session, version) for version in versions]
    session.commit()
    with services.database.new_session() as one, services.database.new_session() as two:
        first, second = operations.claim_next(one), operations.claim_next(two)
        third = operations.claim_next(two)
        assert first is not None
        assert second is not None
        assert third is None
        assert [first.id, second.id] == [run.id for run in runs]
        assert first.lease != second.lease


def test_a_run_is_measured_and_closed(session: Session, services: Services) -> None:
    version = waiting_version(session, services)
    operations.request_run(session, version)
    run = operations.claim_next(session)
    assert run is not None
    for sample in version.samples:
        check(session, run, sample.id)
    assert (run.samples_done, run.evaluations) == (3, 24)
    done = operations.complete_run(session, run.id, str(run.lease))
    session.commit()
    assert (done.state, done.verdict) == (RunState.COMPLETED, Verdict.REPRODUCED)
    actions = session.scalars(select(RunEvent.action).order_by(RunEvent.at)).all()
    assert actions == ["request", "claim", "complete"]


def test_a_run_cannot_be_closed_half_measured(session: Session, services: Services) -> None:
    version = waiting_version(session, services)
    operations.request_run(session, version)
    run = operations.claim_next(session)
    assert run is not None
    check(session, run, version.samples[0].id)
    with pytest.raises(ValueError, match="has not ended"):
        operations.complete_run(session, run.id, str(run.lease))


def test_a_silent_workers_run_is_taken_over_behind_its_last_sample(
    session: Session, services: Services
) -> None:
    version = waiting_version(session, services)
    operations.request_run(session, version)
    dead = operations.claim_next(session)
    assert dead is not None
    dead_lease = str(dead.lease)
    check(session, dead, version.samples[0].id)
    session.commit()

    with frozen(now() + STALE_AFTER + timedelta(seconds=1)):
        with unit_of_work(services.database) as other:
            assert [run.id for run in operations.release_stale(other)] == [dead.id]
        with unit_of_work(services.database) as other:
            taken = operations.claim_next(other)
            assert taken is not None
            assert taken.attempts == 2
            assert taken.decision is not None
            assert [step["sample_id"] for step in taken.decision["path"]] == [version.samples[0].id]
            lease = str(taken.lease)

    # The worker taken for dead wakes up: nothing it does may count.
    session.rollback()
    with pytest.raises(LeaseLostError):
        operations.beat(session, dead.id, dead_lease, 3)
    with pytest.raises(LeaseLostError):
        operations.held_run(session, dead.id, dead_lease)
    session.rollback()
    with unit_of_work(services.database) as other:
        assert operations.held_run(other, dead.id, lease).samples_done == 1


def test_a_sample_is_never_recorded_twice(session: Session, services: Services) -> None:
    version = waiting_version(session, services)
    operations.request_run(session, version)
    run = operations.claim_next(session)
    assert run is not None
    for band in (Band.REPRODUCED, Band.GREY):
        draft = operations.CheckDraft(version.samples[0].id, comparison(2, band), HASHES, [], 0.5)
        decision = {"calibration": {"version": "x"}, "path": [], "outcome": "continue"}
        operations.record_look(session, run.id, str(run.lease), decision, 8, draft)
    assert session.scalars(select(SampleCheck.band)).all() == [Band.GREY]


def test_a_beating_worker_is_left_alone(session: Session, services: Services) -> None:
    version = waiting_version(session, services)
    operations.request_run(session, version)
    run = operations.claim_next(session)
    assert run is not None
    session.commit()
    with frozen(now() + STALE_AFTER / 2):
        assert operations.release_stale(session) == []


def claim_after_its_pause(session: Session, run: VerificationRun) -> VerificationRun:
    with frozen(run.not_before or now()):
        claimed = operations.claim_next(session)
    assert claimed is run
    return claimed


def test_a_run_that_keeps_failing_waits_longer_each_time_and_then_a_person_looks(
    session: Session, services: Services
) -> None:
    run = operations.request_run(session, waiting_version(session, services))
    pauses = []
    for _ in range(operations.MAX_ATTEMPTS):
        claim_after_its_pause(session, run)
        before = now()
        with frozen(before):
            operations.release_run(session, run.id, str(run.lease), "OUT_OF_MEMORY")
        pauses.append((run.not_before - before).total_seconds() if run.not_before else None)
        assert operations.claim_next(session) is None, "it must not be taken before its time"
    assert pauses == [10, 40, 160, 640, None]
    assert run.state is RunState.ERRORED


def test_a_busy_provider_costs_no_attempt_and_is_given_the_time_it_asked_for(
    session: Session, services: Services
) -> None:
    run = operations.request_run(session, waiting_version(session, services))
    for number in range(1, 9):
        claim_after_its_pause(session, run)
        before = now()
        with frozen(before):
            operations.release_run(
                session, run.id, str(run.lease), "PROVIDER_BUSY", retry_after=timedelta(minutes=5)
            )
        assert (run.state, run.attempts, run.waits) == (RunState.QUEUED, 0, number)
        assert run.not_before is not None
        assert run.not_before - before >= timedelta(minutes=5)
        assert run.not_before - before <= timedelta(minutes=30)
    run.waits = operations.MAX_WAITS - 1
    claim_after_its_pause(session, run)
    operations.release_run(session, run.id, str(run.lease), "PROVIDER_BUSY")
    assert run.state is RunState.ERRORED


def test_forgotten_listings_are_found_from_their_rows(session: Session, services: Services) -> None:
    version = waiting_version(session, services)
    found = [(version.id, "engine.diffusers")]
    assert waiting.versions_without_run(session) == found
    run = operations.request_run(session, version)
    session.flush()
    assert waiting.versions_without_run(session) == []
    assert waiting.due_runs(session, 4) == found
    operations.claim_next(session)
    operations.release_run(session, run.id, str(run.lease), "DISK_FULL")
    assert waiting.due_runs(session, 4) == []
    with frozen(now() + timedelta(hours=1)):
        assert waiting.due_runs(session, 4) == found


def test_the_queue_counts_what_is_ahead(session: Session, services: Services) -> None:
    runs = []
    for _ in range(3):
        runs.append(operations.request_run(session, waiting_version(session, services)))
        session.commit()
    assert [waiting.queue_position(session, run) for run in runs] == [0, 1, 2]
    operations.claim_next(session)
    session.flush()
    assert [waiting.queue_position(session, run) for run in runs] == [0, 1, 2]


def test_small_runs_overtake_large_ones_but_not_for_ever(
    session: Session, services: Services
) -> None:
    large, small, late = (
        operations.request_run(session, waiting_version(session, services)) for _ in range(3)
    )
    large.work_units, small.work_units, late.work_units = 900, 100, 100
    large.created_at = start = now()
    small.created_at = start + timedelta(seconds=60)
    late.created_at = start + timedelta(seconds=1000)
    session.flush()
    assert [waiting.queue_position(session, run) for run in (small, large, late)] == [0, 1, 2]
    order = [operations.claim_next(session) for _ in range(3)]
    assert order == [small, large, late]


def test_a_worker_takes_only_what_its_queues_and_models_allow(
    session: Session, services: Services
) -> None:
    run = operations.request_run(session, waiting_version(session, services))
    assert operations.claim_next(session, ["engine.openai"]) is None
    assert operations.claim_next(session, ["engine.diffusers"], ["sdxl"]) is None
    assert operations.claim_next(session, ["engine.openai", "engine.diffusers"], ["house"]) is run


def test_the_estimate_follows_what_the_engine_did_lately(
    session: Session, services: Services
) -> None:
    version = waiting_version(session, services)
    done = operations.request_run(session, version)
    assert waiting.time_left(session, done) is None, "nothing is known yet"
    operations.claim_next(session)
    for sample in version.samples:
        check(session, done, sample.id)
    session.execute(update(SampleCheck).values(seconds=4.0, evaluations=8))
    operations.complete_run(session, done.id, str(done.lease))
    assert waiting.time_left(session, done) is None, "it is over"
    first, second = (
        operations.request_run(session, waiting_version(session, services)) for _ in range(2)
    )
    session.flush()
    # 3 samples of 4 steps under guidance are 24 evaluations, at half a second each.
    assert waiting.time_left(session, first) == timedelta(seconds=12)
    assert waiting.time_left(session, second) == timedelta(seconds=24)


def test_no_listing_goes_live_without_proof(session: Session, services: Services) -> None:
    """Even code that forgets every rule is stopped by the database."""
    listing = make_waiting_listing(session, services.vault)
    session.commit()
    stored = session.get_one(Listing, listing.id)
    stored.state, stored.live_version_id = "live", stored.version_id  # type: ignore[assignment]
    stored.published_at = now()
    with pytest.raises(IntegrityError, match="cannot be live without its proof"):
        session.commit()
    session.rollback()


def test_history_cannot_be_rewritten(session: Session, services: Services) -> None:
    operations.request_run(session, waiting_version(session, services))
    session.commit()
    event = session.scalars(select(RunEvent)).one()
    event.reason = "it was always so"
    with pytest.raises(IntegrityError, match="append-only"):
        session.flush()


# -- kinds, and the seller's change of mind


def test_a_submitted_listing_takes_its_open_preflight_over_from_the_start(
    session: Session, services: Services
) -> None:
    version = waiting_version(session, services)
    run = operations.request_run(session, version, RunKind.PREFLIGHT)
    operations.claim_next(session)
    lease, secret = str(run.lease), run.order_secret
    check(session, run, version.samples[0].id)
    taken_over = operations.request_run(session, version)
    session.commit()
    assert taken_over is run
    assert (run.kind, run.state, run.samples_done) == (RunKind.LISTING, RunState.QUEUED, 0)
    assert (run.decision, run.checks) == (None, [])
    assert run.order_secret != secret
    with pytest.raises(LeaseLostError):
        operations.held_run(session, run.id, lease)


def test_a_finished_preflight_proves_nothing(session: Session, services: Services) -> None:
    listing = make_waiting_listing(session, services.vault)
    version = session.get_one(ListingVersion, listing.version_id)
    run = operations.request_run(session, version, RunKind.PREFLIGHT)
    operations.claim_next(session)
    for sample in version.samples:
        check(session, run, sample.id)
    operations.complete_run(session, run.id, str(run.lease))
    session.commit()
    assert queries.completed_run_of(session, version.id) is None
    assert queries.reports_of(session, [version.id]) == {}
    session.add(Case(listing=listing, version_id=version.id, run_id=run.id))
    with pytest.raises(IntegrityError, match="is a preflight and proves nothing"):
        session.flush()
    session.rollback()
    run = session.get_one(VerificationRun, run.id)
    run.kind = RunKind.LISTING
    with pytest.raises(IntegrityError, match="stays a preflight"):
        session.flush()
    session.rollback()
    listings_run = operations.request_run(session, version)
    assert listings_run.id != run.id


def test_a_run_that_was_stopped_cannot_record_and_may_be_asked_for_again(
    session: Session, services: Services
) -> None:
    listing = make_waiting_listing(session, services.vault)
    version = session.get_one(ListingVersion, listing.version_id)
    run = operations.request_run(session, version)
    operations.claim_next(session)
    lease = str(run.lease)
    operations.stop_verification(session, listing, listing.seller_id)
    session.commit()
    assert (run.state, listing.state) == (RunState.CANCELLED, ListingState.DRAFT)
    with pytest.raises(LeaseLostError):
        operations.beat(session, run.id, lease, 1)
    session.rollback()
    with pytest.raises(ConflictError):
        operations.stop_verification(session, listing, listing.seller_id)
    session.rollback()
    assert operations.request_run(session, version).id != run.id


def test_what_was_measured_on_other_contents_does_not_count(
    session: Session, services: Services
) -> None:
    version = waiting_version(session, services)
    run = operations.request_run(session, version, RunKind.PREFLIGHT)
    operations.claim_next(session)
    operations.begin_run(session, run.id, str(run.lease))
    check(session, run, version.samples[0].id)
    operations.begin_run(session, run.id, str(run.lease))
    assert run.samples_done == 1, "nothing has changed"
    version.samples[0].seed, version.steps = 99, 6
    session.flush()
    operations.begin_run(session, run.id, str(run.lease))
    session.expire(run)
    assert (run.samples_done, run.decision, run.checks, run.steps) == (0, None, [], 6)
    assert run.work_units == 3 * 6 * 2
