"""What engine workers say of themselves: that they serve, or why they do not. No commits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.ids import new_id
from marketplace.verification.changes import mails
from marketplace.verification.changes.models import EngineWorker, EngineWorkerEvent
from marketplace.verification.changes.states import WorkerState

SEEN_WITHIN = timedelta(days=7)
"""Workers unheard of for longer are left out: hosts come and go."""


@dataclass(frozen=True)
class Checkup:
    """What a worker found when it ran its golden prompts on one model.

    `distances` in bits of 256, one for each golden picture; empty where its weights have no
    calibration, and then nothing can drift. `worst` is the one furthest beyond, or closest to,
    what its own record allows, `distance_max`. `message` says what could not be checked.
    """

    weights_sha256: str | None = None
    environment: str | None = None
    calibration_version: str | None = None
    distances: Sequence[int] = field(default=())
    worst: int = 0
    distance_max: int | None = None
    message: str | None = None

    @property
    def drifted(self) -> bool:
        """True when a golden picture lies further off than its calibration allows."""
        return self.distance_max is not None and self.worst > self.distance_max


def worker_of(session: Session, name: str, engine: str) -> EngineWorker | None:
    """A worker's row for one model."""
    return session.scalar(
        select(EngineWorker).where(EngineWorker.name == name, EngineWorker.engine == engine)
    )


def record_checkup(
    session: Session, services: Services, name: str, engine: str, found: Checkup
) -> EngineWorker:
    """Keep what a worker found; withdraw it or let it serve, and say so when that changes."""
    row = _row(session, name, engine)
    before = row.state if row.checked_at else None
    after = _after(row.state, found)
    row.state = after
    row.weights_sha256, row.environment = found.weights_sha256, found.environment
    row.calibration_version = found.calibration_version
    row.distances, row.distance_max = list(found.distances), found.distance_max
    row.message = (found.message or _message(found) or "")[:300] or None
    row.checked_at = row.seen_at = now()
    if after is not before:
        session.add(
            EngineWorkerEvent(
                worker_id=row.id,
                action="withdraw" if found.drifted else "serve",
                from_state=before,
                to_state=after,
                reason=row.message,
            )
        )
        if found.drifted:
            mails.tell_withdrawn(session, services, name, engine, row.message or "")
    session.flush()
    return row


def seen(session: Session, name: str) -> None:
    """The worker lives."""
    session.execute(update(EngineWorker).where(EngineWorker.name == name).values(seen_at=now()))


def withdrawn_engines(session: Session, name: str) -> set[str]:
    """Models of which this worker takes no runs."""
    query = select(EngineWorker.engine).where(
        EngineWorker.name == name, EngineWorker.state == WorkerState.WITHDRAWN
    )
    return set(session.scalars(query))


def known_workers(session: Session) -> list[EngineWorker]:
    """Every worker heard of lately, the withdrawn ones first."""
    query = (
        select(EngineWorker)
        .where(EngineWorker.seen_at > now() - SEEN_WITHIN)
        .order_by(EngineWorker.state.desc(), EngineWorker.engine, EngineWorker.name)
    )
    return list(session.scalars(query))


def counts(session: Session) -> dict[str, int]:
    """How many workers of models serve and how many have withdrawn, of those heard of lately."""
    query = (
        select(EngineWorker.state, func.count())
        .where(EngineWorker.seen_at > now() - SEEN_WITHIN)
        .group_by(EngineWorker.state)
    )
    found = {state: number for state, number in session.execute(query)}  # noqa: C416
    return {state.value: found.get(state, 0) for state in WorkerState}


def _after(before: WorkerState, found: Checkup) -> WorkerState:
    if found.drifted:
        return WorkerState.WITHDRAWN
    # What could not be checked proves nothing: a worker that drifted stays away.
    return before if found.message else WorkerState.SERVING


def _row(session: Session, name: str, engine: str) -> EngineWorker:
    session.execute(
        insert(EngineWorker)
        .values(
            id=new_id(),
            name=name,
            engine=engine,
            state=WorkerState.SERVING,
            distances=[],
            seen_at=now(),
        )
        .on_conflict_do_nothing()
    )
    query = select(EngineWorker).where(EngineWorker.name == name, EngineWorker.engine == engine)
    return session.scalars(query.with_for_update()).one()


def _message(found: Checkup) -> str:
    if found.drifted:
        return (
            f"A golden picture lies {found.worst} bits of 256 from the calibrated one; "
            f"{found.distance_max} are allowed."
        )
    if not found.distances:
        return "There is no calibration for its weights, so there are no golden prompts to run."
    return ""
