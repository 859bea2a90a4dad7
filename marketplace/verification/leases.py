"""Who holds a run: claim, beat, release (see core.leases). Nothing here commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from marketplace.core import leases
from marketplace.core.clock import now
from marketplace.verification import queries
from marketplace.verification.failures import (
    MAX_ATTEMPTS,
    MAX_WAITS,
    WORKER_LOST,
    failure_of,
    pause_after,
)
from marketplace.verification.models import RunEvent, VerificationRun
from marketplace.verification.states import RUN_STATES, RunAction, RunState


def claim_next(
    session: Session, queues: Sequence[str] | None = None, engines: Sequence[str] | None = None
) -> VerificationRun | None:
    """Take the run whose turn it is and that no one else is taking; None when there is none.

    Args:
        queues, engines: take only runs of these (None: of any).
    """
    query = select(VerificationRun).where(
        VerificationRun.state == RunState.QUEUED,
        or_(VerificationRun.not_before.is_(None), VerificationRun.not_before <= now()),
    )
    if queues is not None:
        query = query.where(VerificationRun.queue.in_(queues))
    if engines is not None:
        query = query.where(VerificationRun.engine.in_(engines))
    run = session.scalar(
        query.order_by(queries.turn(), VerificationRun.created_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if run is None:
        return None
    change_state(session, run, RunAction.CLAIM)
    leases.take(run)
    run.not_before = None
    run.step = 0
    return run


def beat(session: Session, run_id: str, lease: str, step: int) -> None:
    """Say that the holder is alive and how far the current sample is.

    Raises:
        LeaseLostError: when the run is no longer held by this lease.
    """
    leases.beat(session, VerificationRun, run_id, lease, RunState.RUNNING, step=step)


def release_run(
    session: Session,
    run_id: str,
    lease: str,
    error_code: str,
    final: bool = False,
    retry_after: timedelta | None = None,
) -> VerificationRun:
    """Put a run back after a failure; give it up when that is final or it has failed too often.

    Args:
        retry_after: how long the provider asked us to wait.

    Raises:
        LeaseLostError: when the run is no longer held by this lease.
    """
    run = held_run(session, run_id, lease)
    _put_back(session, run, error_code, final, retry_after)
    return run


def release_stale(session: Session, limit: int = 20) -> list[VerificationRun]:
    """Put back every run whose worker has fallen silent; returns them."""
    stale = leases.abandoned(session, VerificationRun, RunState.RUNNING, limit)
    for run in stale:
        _put_back(session, run, WORKER_LOST)
    return list(stale)


def held_run(session: Session, run_id: str, lease: str) -> VerificationRun:
    """The run, locked, if the lease still holds it.

    Raises:
        LeaseLostError: when it does not.
    """
    return leases.held(session, VerificationRun, run_id, lease, RunState.RUNNING)


def change_state(
    session: Session, run: VerificationRun, action: RunAction, reason: str | None = None
) -> None:
    """Move a run and write its event."""
    before = run.state
    after = RUN_STATES.next(before, action)
    if not isinstance(after, RunState):
        return
    run.state = after
    session.add(
        RunEvent(run_id=run.id, action=action, from_state=before, to_state=after, reason=reason)
    )


def _put_back(
    session: Session,
    run: VerificationRun,
    error_code: str,
    final: bool = False,
    retry_after: timedelta | None = None,
) -> None:
    failure = failure_of(error_code)
    if failure.counts:
        number, used_up = run.attempts, run.attempts >= MAX_ATTEMPTS
    else:
        run.attempts -= 1
        run.waits += 1
        number, used_up = run.waits, run.waits >= MAX_WAITS
    run.lease = None
    run.step = 0
    run.error_code = error_code
    if final or failure.final or used_up:
        change_state(session, run, RunAction.GIVE_UP, error_code)
        run.finished_at = now()
    else:
        change_state(session, run, RunAction.RELEASE, error_code)
        pause = pause_after(error_code, number, retry_after)
        run.not_before = now() + pause if pause else None
