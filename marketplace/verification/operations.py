"""Verbs of a run: request, claim, record, complete, release. The row is the truth about the job.

A worker holds a run by a random lease. Every write checks it under the row's lock, so a worker
that was taken for dead can wake up and do no harm, and no sample is recorded twice.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.ids import new_id
from marketplace.listings.models import ListingVersion, Sample
from marketplace.verification.copy_search import copies_of_run
from marketplace.verification.errors import LeaseLostError
from marketplace.verification.models import RunEvent, SampleCheck, VerificationRun
from marketplace.verification.policy import verdict_of
from marketplace.verification.queries import measured_of
from marketplace.verification.similarity import Comparison
from marketplace.verification.states import RUN_STATES, RunAction, RunState

STALE_AFTER = timedelta(seconds=15)
"""Without a heartbeat for so long the worker is taken for dead (it beats every second)."""
MAX_ATTEMPTS = 5
"""Claims of one run before a person has to look; a crash-looping prompt must not block others."""


def request_run(session: Session, version: ListingVersion) -> VerificationRun:
    """The run of this version: the existing one, or a new queued one. Safe to repeat."""
    existing = session.scalar(
        select(VerificationRun)
        .where(VerificationRun.version_id == version.id)
        .order_by(VerificationRun.created_at.desc())
        .limit(1)
    )
    if existing is not None:
        return existing
    samples = session.scalar(
        select(func.count()).select_from(Sample).where(Sample.version_id == version.id)
    )
    run_id = session.scalar(
        insert(VerificationRun)
        .values(
            id=new_id(),
            version_id=version.id,
            state=RunState.QUEUED,
            samples_total=samples,
            samples_done=0,
            attempts=0,
            step=0,
            steps=version.steps,
            engine=version.target_model.source,
        )
        # Two workers may ask at once; the partial unique index lets one win.
        .on_conflict_do_nothing()
        .returning(VerificationRun.id)
    )
    if run_id is None:
        return request_run(session, version)
    session.add(RunEvent(run_id=run_id, action="request", to_state=RunState.QUEUED))
    return session.get_one(VerificationRun, run_id)


def claim_next(session: Session, engines: list[str] | None = None) -> VerificationRun | None:
    """Take the oldest queued run that no one else is taking; None when there is none."""
    query = select(VerificationRun).where(VerificationRun.state == RunState.QUEUED)
    if engines is not None:
        query = query.where(VerificationRun.engine.in_(engines))
    run = session.scalar(
        query.order_by(VerificationRun.created_at).limit(1).with_for_update(skip_locked=True)
    )
    if run is None:
        return None
    _change(session, run, RunAction.CLAIM)
    run.lease = secrets.token_hex(16)
    run.attempts += 1
    run.started_at = run.started_at or now()
    run.heartbeat_at = now()
    run.step = 0
    return run


def beat(session: Session, run_id: str, lease: str, step: int) -> None:
    """Say that the holder is alive and how far the current sample is.

    Raises:
        LeaseLostError: when the run is no longer held by this lease.
    """
    changed = session.execute(
        update(VerificationRun)
        .where(
            VerificationRun.id == run_id,
            VerificationRun.lease == lease,
            VerificationRun.state == RunState.RUNNING,
        )
        .values(heartbeat_at=now(), step=step)
    )
    if changed.rowcount == 0:  # type: ignore[attr-defined]
        raise LeaseLostError(run_id)


def record_check(
    session: Session,
    run_id: str,
    lease: str,
    sample_id: str,
    sample_hashes: dict[str, Any],
    rerun_hashes: dict[str, Any],
    comparison: Comparison,
    derivatives: list[dict[str, Any]],
    seconds: float,
    provenance: dict[str, Any],
) -> SampleCheck:
    """Store the measurement of one sample.

    Args:
        sample_hashes, rerun_hashes: columns of FingerprintColumns.
        derivatives: public pictures of the re-run, already in the blob store.
        provenance: model, weights, libraries and device that made the re-run; public.

    Raises:
        LeaseLostError: when the run is no longer held by this lease.
    """
    run = held_run(session, run_id, lease)
    sample = session.get_one(Sample, sample_id)
    for column, value in sample_hashes.items():
        setattr(sample, column, value)
    check = SampleCheck(
        run_id=run.id,
        sample_id=sample.id,
        position=sample.position,
        band=comparison.band,
        decided_by=comparison.decided_by.value,
        pdq_distance=comparison.pdq_distance,
        phash_distance=comparison.phash_distance,
        dct_distance=comparison.dct_distance,
        quality=comparison.quality,
        seconds=seconds,
        derivatives=derivatives,
        **rerun_hashes,
    )
    session.add(check)
    run.samples_done += 1
    run.provenance = provenance
    run.step = 0
    run.heartbeat_at = now()
    session.flush()
    return check


def complete_run(session: Session, run_id: str, lease: str) -> VerificationRun:
    """Weigh the measurements into a verdict and close the run.

    Raises:
        LeaseLostError: when the run is no longer held by this lease.
        ValueError: when a sample has not been measured.
    """
    run = held_run(session, run_id, lease)
    measured = measured_of(session, run)
    if len(measured) != run.samples_total:
        raise ValueError("a sample has not been measured")
    verdict = verdict_of(measured, copies_of_run(session, run))
    # State and verdict stand or fall together in the table: no query may come between.
    _change(session, run, RunAction.COMPLETE)
    run.verdict = verdict
    run.finished_at = now()
    run.lease = None
    return run


def release_run(
    session: Session, run_id: str, lease: str, error_code: str, final: bool = False
) -> VerificationRun:
    """Put a run back after a failure; give it up when that is final or it has failed too often.

    Raises:
        LeaseLostError: when the run is no longer held by this lease.
    """
    run = held_run(session, run_id, lease)
    _put_back(session, run, error_code, final)
    return run


def release_stale(session: Session, limit: int = 20) -> list[VerificationRun]:
    """Put back every run whose worker has fallen silent; returns them."""
    stale = session.scalars(
        select(VerificationRun)
        .where(
            VerificationRun.state == RunState.RUNNING,
            VerificationRun.heartbeat_at < now() - STALE_AFTER,
        )
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for run in stale:
        _put_back(session, run, "worker_lost")
    return list(stale)


def held_run(session: Session, run_id: str, lease: str) -> VerificationRun:
    """The run, locked, if the lease still holds it.

    Raises:
        LeaseLostError: when it does not.
    """
    run = session.scalar(
        select(VerificationRun)
        .where(VerificationRun.id == run_id, VerificationRun.lease == lease)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if run is None or run.state is not RunState.RUNNING:
        raise LeaseLostError(run_id)
    return run


def _put_back(session: Session, run: VerificationRun, error_code: str, final: bool = False) -> None:
    run.lease = None
    run.step = 0
    run.error_code = error_code
    if final or run.attempts >= MAX_ATTEMPTS:
        _change(session, run, RunAction.GIVE_UP, error_code)
        run.finished_at = now()
    else:
        _change(session, run, RunAction.RELEASE, error_code)


def _change(
    session: Session, run: VerificationRun, action: RunAction, reason: str | None = None
) -> None:
    before = run.state
    after = RUN_STATES.next(before, action)
    if not isinstance(after, RunState):
        return
    run.state = after
    session.add(
        RunEvent(run_id=run.id, action=action, from_state=before, to_state=after, reason=reason)
    )
