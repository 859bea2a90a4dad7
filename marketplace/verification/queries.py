"""Reads about runs: the report of a version, the queue, the measurements."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, selectinload

from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.states import ListingState
from marketplace.verification.models import CopyHit, SampleCheck, VerificationRun
from marketplace.verification.policy import Measured
from marketplace.verification.similarity import DecidedBy
from marketplace.verification.states import RunState


def run_of(session: Session, version_id: str | None) -> VerificationRun | None:
    """The newest run of a version, whatever its state, with its measurements."""
    return session.scalar(
        select(VerificationRun)
        .where(VerificationRun.version_id == version_id)
        .order_by(VerificationRun.created_at.desc())
        .limit(1)
        .options(
            selectinload(VerificationRun.checks).joinedload(SampleCheck.sample),
            selectinload(VerificationRun.copy_hits),
        )
    )


def completed_run_of(session: Session, version_id: str | None) -> VerificationRun | None:
    """The run whose report stands for a version; None when it was never completed."""
    run = run_of(session, version_id)
    return run if run is not None and run.state is RunState.COMPLETED else None


def reports_of(session: Session, version_ids: Sequence[str]) -> dict[str, VerificationRun]:
    """Completed runs by version id, in one query (for lists); the newest wins."""
    rows = session.scalars(
        select(VerificationRun)
        .where(
            VerificationRun.version_id.in_(version_ids),
            VerificationRun.state == RunState.COMPLETED,
        )
        .order_by(VerificationRun.created_at)
        .options(selectinload(VerificationRun.checks))
    )
    return {run.version_id: run for run in rows}


def queue_position(session: Session, run: VerificationRun) -> int:
    """How many runs are ahead of this one, those at work included; 0 for a run at work."""
    if run.state is not RunState.QUEUED:
        return 0
    ahead = or_(
        VerificationRun.state == RunState.RUNNING,
        (VerificationRun.state == RunState.QUEUED) & (VerificationRun.created_at < run.created_at),
    )
    return (
        session.scalar(
            select(func.count())
            .select_from(VerificationRun)
            .where(ahead, VerificationRun.id != run.id, VerificationRun.engine == run.engine)
        )
        or 0
    )


def measured_of(session: Session, run: VerificationRun) -> list[Measured]:
    """The run's measurements in the policy's terms, by position."""
    checks = session.scalars(
        select(SampleCheck).where(SampleCheck.run_id == run.id).order_by(SampleCheck.position)
    )
    return [
        Measured(check.position, check.band, deciding_distance(check), check.quality)
        for check in checks
    ]


def deciding_distance(check: SampleCheck) -> int:
    """The distance (of 256 bits) that decided the check's band."""
    if check.decided_by == DecidedBy.PDQ.value:
        return check.pdq_distance
    return check.dct_distance


def checked_sample_ids(session: Session, run_id: str) -> set[str]:
    """Samples of a run that are measured already (a run taken over goes on behind them)."""
    return set(session.scalars(select(SampleCheck.sample_id).where(SampleCheck.run_id == run_id)))


def versions_without_run(session: Session, limit: int = 50) -> list[str]:
    """Versions that wait for verification while no run exists for them (a lost message)."""
    has_run = select(VerificationRun.id).where(VerificationRun.version_id == ListingVersion.id)
    query = (
        select(ListingVersion.id)
        .join(Listing, Listing.version_id == ListingVersion.id)
        .where(Listing.state == ListingState.VERIFYING, ~has_run.exists())
        .order_by(Listing.submitted_at)
        .limit(limit)
    )
    return list(session.scalars(query))


def queued_version_ids(session: Session, limit: int) -> list[str]:
    """Versions of the oldest queued runs."""
    query = (
        select(VerificationRun.version_id)
        .where(VerificationRun.state == RunState.QUEUED)
        .order_by(VerificationRun.created_at)
        .limit(limit)
    )
    return list(session.scalars(query))


def is_anything_running(session: Session) -> bool:
    """True while some worker holds a run."""
    running = select(VerificationRun.id).where(VerificationRun.state == RunState.RUNNING)
    return session.scalar(select(running.exists())) or False


def unfinished_listings(session: Session, limit: int = 50) -> list[VerificationRun]:
    """Runs that ended while their listing still waits (cannot happen; found again if it does)."""
    query = (
        select(VerificationRun)
        .join(Listing, Listing.version_id == VerificationRun.version_id)
        .where(
            Listing.state == ListingState.VERIFYING,
            VerificationRun.state.in_([RunState.COMPLETED, RunState.ERRORED]),
        )
        .limit(limit)
    )
    return list(session.scalars(query))


def copy_hits_of(session: Session, run_id: str) -> list[CopyHit]:
    """Copy-search hits of a run, closest first, with both samples."""
    query = select(CopyHit).where(CopyHit.run_id == run_id).order_by(CopyHit.distance)
    return list(session.scalars(query))
