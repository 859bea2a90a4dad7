"""Asking for a run, turning a preflight into a listing's run, and stopping one. Nothing commits."""

from __future__ import annotations

import hashlib
import json
import secrets

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.ids import new_id
from marketplace.core.task_queue import TaskQueue, enqueue
from marketplace.listings.lifecycle import cancel_verification
from marketplace.listings.models import Listing, ListingVersion
from marketplace.task_names import TaskName, queue_of_engine
from marketplace.verification import queries
from marketplace.verification.models import CopyHit, RunEvent, SampleCheck, VerificationRun
from marketplace.verification.states import RUN_STATES, RunAction, RunKind, RunState

OVER = (RunState.COMPLETED, RunState.ERRORED)


def request_run(
    session: Session,
    version: ListingVersion,
    kind: RunKind = RunKind.LISTING,
    reason: str | None = None,
) -> VerificationRun:
    """The version's run of this kind: the one that exists, or a new queued one. Safe to repeat.

    A version has one open run at most, whatever its kind. A listing that is submitted while its
    preflight is open takes that run over; a finished preflight or re-verification is no reason
    not to start the next.
    """
    existing = _open_run(session, version.id)
    if existing is None and kind is RunKind.LISTING:
        existing = _finished_run(session, version.id)
    if existing is not None:
        if kind is RunKind.LISTING and existing.kind is RunKind.PREFLIGHT:
            _upgrade(session, existing, version)
        return existing
    run_id = session.scalar(
        insert(VerificationRun)
        .values(
            id=new_id(),
            version_id=version.id,
            state=RunState.QUEUED,
            kind=kind,
            reason=reason,
            samples_done=0,
            attempts=0,
            step=0,
            order_secret=secrets.token_bytes(32),
            **plan_of(version),
        )
        # Two workers may ask at once; the partial unique index lets one win.
        .on_conflict_do_nothing()
        .returning(VerificationRun.id)
    )
    if run_id is None:
        return request_run(session, version, kind, reason)
    session.add(RunEvent(run_id=run_id, action="request", to_state=RunState.QUEUED, reason=reason))
    return session.get_one(VerificationRun, run_id)


def plan_of(version: ListingVersion) -> dict[str, object]:
    """The columns of a run that follow from its version: what it will cost and who can do it."""
    model = version.target_model
    evaluations = 2 if version.guidance > 1 else 1  # guidance asks the model twice a step
    samples = len(version.samples)
    rerun = version.tier.is_rerun
    return {
        "engine": model.source,
        "queue": queue_of_engine(model.engine if rerun else "none"),
        "samples_total": samples,
        "steps": version.steps,
        "work_units": samples * version.steps * evaluations if rerun else 0,
    }


def content_digest(version: ListingVersion) -> bytes:
    """32 bytes that change with the prompt, the settings or a sample: is a result still current?

    The prompt takes part as sealed: saving it again counts as a change, which errs on the side
    of measuring anew.
    """
    contents = [
        hashlib.sha256(version.prompt_sealed).hexdigest(),
        version.target_model_slug,
        [version.scheduler, version.steps, version.guidance, version.width, version.height],
        [
            [sample.id, sample.values, sample.seed, sample.file_sha256.hex()]
            for sample in sorted(version.samples, key=lambda sample: sample.position)
        ],
    ]
    return hashlib.sha256(json.dumps(contents, sort_keys=True).encode()).digest()


def wake(session: Session, queue: TaskQueue, run: VerificationRun) -> None:
    """Tell the run's workers about it once the session commits."""
    enqueue(session, queue, TaskName.VERIFY_LISTING, run.version_id, to=run.queue)


def cancel_run(
    session: Session, run: VerificationRun, actor_id: str | None = None, reason: str | None = None
) -> None:
    """Stop a run for good. Its worker finds the lease gone at its next step and can record nothing.

    Raises:
        ConflictError: when it is over already.
    """
    session.refresh(run, with_for_update={"of": VerificationRun})
    before = run.state
    after = RUN_STATES.next(before, RunAction.CANCEL)
    if not isinstance(after, RunState):
        return
    run.state = after
    run.lease = run.not_before = None
    run.cancel_requested_at = run.finished_at = now()
    session.add(
        RunEvent(
            run_id=run.id,
            action=RunAction.CANCEL,
            from_state=before,
            to_state=after,
            actor_id=actor_id,
            reason=reason,
        )
    )


def stop_verification(session: Session, listing: Listing, actor_id: str) -> None:
    """The seller changed their mind: the run is cancelled, the listing a draft again.

    Raises:
        ConflictError: when verification is over, or has not begun.
    """
    # The run before the listing: the worker that closes a run locks them in this order.
    run = _open_run(session, listing.version_id) if listing.version_id else None
    if run is not None and run.kind is RunKind.LISTING:
        cancel_run(session, run, actor_id, "stopped by the seller")
    cancel_verification(session, listing, actor_id)


def _open_run(session: Session, version_id: str) -> VerificationRun | None:
    return session.scalar(
        select(VerificationRun)
        .where(VerificationRun.version_id == version_id, queries.is_open())
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _finished_run(session: Session, version_id: str) -> VerificationRun | None:
    """A listing's run that ended by itself; what its seller stopped may be asked for again."""
    return session.scalar(
        select(VerificationRun)
        .where(
            VerificationRun.version_id == version_id,
            VerificationRun.kind == RunKind.LISTING,
            VerificationRun.state.in_(OVER),
        )
        .order_by(VerificationRun.created_at.desc())
        .limit(1)
    )


def _upgrade(session: Session, run: VerificationRun, version: ListingVersion) -> None:
    """Begin again as a listing's run: the draft may have changed since the preflight began.

    Nothing is made twice, for pictures that are still wanted lie in the cache.
    """
    before = run.state
    after = RUN_STATES.next(before, RunAction.UPGRADE)
    assert isinstance(after, RunState)  # open runs alone come here
    session.execute(delete(SampleCheck).where(SampleCheck.run_id == run.id))
    session.execute(delete(CopyHit).where(CopyHit.run_id == run.id))
    for column, value in plan_of(version).items():
        setattr(run, column, value)
    run.kind, run.state, run.reason = RunKind.LISTING, after, None
    run.lease = run.not_before = run.decision = run.error_code = None
    run.attempts = run.waits = run.samples_done = run.step = run.evaluations = 0
    run.order_secret = secrets.token_bytes(32)
    session.add(
        RunEvent(run_id=run.id, action=RunAction.UPGRADE, from_state=before, to_state=after)
    )
    session.flush()
    session.expire(run, ["checks", "copy_hits"])
