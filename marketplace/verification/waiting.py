"""Reads about the queue: who waits, for how long, and whom nobody has told a worker about."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.listings.models import Listing, ListingVersion, TargetModel
from marketplace.listings.queries import works
from marketplace.listings.states import ListingState
from marketplace.task_names import queue_of_engine
from marketplace.verification.models import SampleCheck, VerificationRun
from marketplace.verification.queries import turn
from marketplace.verification.states import RunKind, RunState

RECENT_CHECKS, RECENT_RUNS = 50, 20
"""How far back the estimate looks."""


def queue_position(session: Session, run: VerificationRun) -> int:
    """How many runs are ahead of this one, those at work included; 0 for a run at work."""
    if run.state is not RunState.QUEUED:
        return 0
    query = select(func.count()).select_from(VerificationRun).where(_ahead_of(session, run))
    return session.scalar(query) or 0


def time_left(session: Session, run: VerificationRun) -> timedelta | None:
    """Until the run is expected to be finished, going by what its engine did lately.

    None while nothing is known about the engine, and for a run that is over.
    """
    if run.state not in (RunState.QUEUED, RunState.RUNNING):
        return None
    per_evaluation = _seconds_per_evaluation(session, run.engine)
    if per_evaluation is None:
        return None
    share = _share_spent(session, run.engine)
    ahead = hands = 0
    if run.state is RunState.QUEUED:
        left = VerificationRun.work_units * share - VerificationRun.evaluations
        waiting = select(func.coalesce(func.sum(func.greatest(left, 0)), 0))
        ahead = session.scalar(waiting.where(_ahead_of(session, run))) or 0
        hands = _at_work(session, run.queue)
    own = max(0.0, run.work_units * share - run.evaluations - _under_way(run))
    seconds = (float(ahead) / max(1, hands) + own) * per_evaluation
    pause = max(0.0, (run.not_before - now()).total_seconds()) if run.not_before else 0.0
    return timedelta(seconds=seconds + pause)


def versions_without_run(session: Session, limit: int = 50) -> list[tuple[str, str]]:
    """(version id, queue) of versions that wait while no run exists for them (a lost message)."""
    has_run = select(VerificationRun.id).where(
        VerificationRun.version_id == ListingVersion.id,
        VerificationRun.kind == RunKind.LISTING,
        VerificationRun.state != RunState.CANCELLED,
    )
    query = (
        select(ListingVersion.id, TargetModel.engine)
        .join(Listing, Listing.version_id == ListingVersion.id)
        .join(TargetModel, TargetModel.slug == ListingVersion.target_model_slug)
        .where(works(ListingState.VERIFYING), ~has_run.exists())
        .order_by(Listing.submitted_at)
        .limit(limit)
    )
    return [(version_id, queue_of_engine(engine)) for version_id, engine in session.execute(query)]


def due_runs(session: Session, per_queue: int) -> list[tuple[str, str]]:
    """(version id, queue) of the next runs that may be worked on now, so many of each queue."""
    place = func.row_number().over(partition_by=VerificationRun.queue, order_by=turn())
    due = (
        select(VerificationRun.version_id, VerificationRun.queue, place.label("place"))
        .where(_due())
        .subquery()
    )
    query = select(due.c.version_id, due.c.queue).where(due.c.place <= per_queue)
    return [(version_id, queue) for version_id, queue in session.execute(query)]


def is_anything_due(session: Session, queue: str) -> bool:
    """True when a worker of this queue would find a run to take."""
    query = select(VerificationRun.id).where(_due(), VerificationRun.queue == queue)
    return session.scalar(select(query.exists())) or False


def _due() -> ColumnElement[bool]:
    rested = or_(VerificationRun.not_before.is_(None), VerificationRun.not_before <= now())
    return (VerificationRun.state == RunState.QUEUED) & rested


def _ahead_of(session: Session, run: VerificationRun) -> ColumnElement[bool]:
    own = session.scalar(select(turn()).where(VerificationRun.id == run.id))
    earlier = (VerificationRun.state == RunState.QUEUED) & (turn() < own)
    at_work = VerificationRun.state == RunState.RUNNING
    return (
        or_(at_work, earlier)
        & (VerificationRun.id != run.id)
        & (VerificationRun.queue == run.queue)
    )


def _at_work(session: Session, queue: str) -> int:
    """How many workers hold a run of this queue."""
    query = select(func.count()).where(
        VerificationRun.state == RunState.RUNNING, VerificationRun.queue == queue
    )
    return session.scalar(query) or 0


def _under_way(run: VerificationRun) -> float:
    """Evaluations of the sample at work that are not on record yet."""
    units = run.samples_total * run.steps
    return run.step * run.work_units / units if units else 0.0


def _seconds_per_evaluation(session: Session, engine: str) -> float | None:
    recent = (
        select(SampleCheck.seconds, SampleCheck.evaluations)
        .join(VerificationRun, VerificationRun.id == SampleCheck.run_id)
        .where(VerificationRun.engine == engine, SampleCheck.evaluations > 0)
        .order_by(SampleCheck.created_at.desc())
        .limit(RECENT_CHECKS)
        .subquery()
    )
    value = session.scalar(select(func.sum(recent.c.seconds) / func.sum(recent.c.evaluations)))
    return None if value is None else float(value)


def _share_spent(session: Session, engine: str) -> float:
    """How much of the planned work was needed lately, for most runs decide before the end."""
    recent = (
        select(VerificationRun.evaluations, VerificationRun.work_units)
        .where(
            VerificationRun.engine == engine,
            VerificationRun.state == RunState.COMPLETED,
            VerificationRun.work_units > 0,
            VerificationRun.evaluations > 0,
        )
        .order_by(VerificationRun.finished_at.desc())
        .limit(RECENT_RUNS)
        .subquery()
    )
    value = session.scalar(
        select(func.sum(recent.c.evaluations) * 1.0 / func.sum(recent.c.work_units))
    )
    return 1.0 if value is None else float(value)
