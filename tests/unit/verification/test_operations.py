"""Runs under attack: two workers, dead workers, late workers, lost messages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.core.clock import frozen, now
from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.listings.models import Listing, ListingVersion
from marketplace.verification import operations, queries
from marketplace.verification.errors import LeaseLostError
from marketplace.verification.models import RunEvent, SampleCheck, VerificationRun
from marketplace.verification.similarity import Band, Comparison, DecidedBy
from marketplace.verification.states import RunState, Verdict
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
    operations.record_check(
        session,
        run.id,
        str(run.lease),
        sample_id,
        HASHES,
        HASHES,
        comparison({Band.REPRODUCED: 2, Band.GREY: 50, Band.MISS: 120}[band], band),
        [],
        0.5,
        {"model_id": "test"},
    )


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
    with pytest.raises(ValueError, match="not been measured"):
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

    with frozen(now() + operations.STALE_AFTER + timedelta(seconds=1)):
        with unit_of_work(services.database) as other:
            assert [run.id for run in operations.release_stale(other)] == [dead.id]
        with unit_of_work(services.database) as other:
            taken = operations.claim_next(other)
            assert taken is not None
            assert taken.attempts == 2
            assert queries.checked_sample_ids(other, taken.id) == {version.samples[0].id}
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
    check(session, run, version.samples[0].id)
    with pytest.raises(IntegrityError, match="uq_sample_checks"):
        check(session, run, version.samples[0].id)
    session.rollback()
    assert session.scalar(select(func.count()).select_from(SampleCheck)) == 0


def test_a_beating_worker_is_left_alone(session: Session, services: Services) -> None:
    version = waiting_version(session, services)
    operations.request_run(session, version)
    run = operations.claim_next(session)
    assert run is not None
    session.commit()
    with frozen(now() + operations.STALE_AFTER / 2):
        assert operations.release_stale(session) == []


def test_a_run_that_kills_its_workers_is_given_up(session: Session, services: Services) -> None:
    version = waiting_version(session, services)
    operations.request_run(session, version)
    for attempt in range(operations.MAX_ATTEMPTS):
        run = operations.claim_next(session)
        assert run is not None, attempt
        operations.release_run(session, run.id, str(run.lease), "EngineUnavailable")
    assert run.state is RunState.ERRORED
    assert operations.claim_next(session) is None


def test_forgotten_listings_are_found_from_their_rows(session: Session, services: Services) -> None:
    version = waiting_version(session, services)
    assert queries.versions_without_run(session) == [version.id]
    operations.request_run(session, version)
    session.flush()
    assert queries.versions_without_run(session) == []
    assert queries.queued_version_ids(session, 4) == [version.id]


def test_the_queue_counts_what_is_ahead(session: Session, services: Services) -> None:
    runs = []
    for _ in range(3):
        runs.append(operations.request_run(session, waiting_version(session, services)))
        session.commit()
    assert [queries.queue_position(session, run) for run in runs] == [0, 1, 2]
    operations.claim_next(session)
    session.flush()
    assert [queries.queue_position(session, run) for run in runs] == [0, 1, 2]


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
