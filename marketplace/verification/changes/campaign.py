"""Starts re-verifications within a budget: best-selling first, never before a seller's own run."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from marketplace.core.clock import now
from marketplace.core.task_queue import TaskQueue
from marketplace.listings.models import Listing, ListingVersion
from marketplace.verification import operations as runs
from marketplace.verification.changes.models import Reverification
from marketplace.verification.changes.moving import move
from marketplace.verification.changes.noticing import is_up_for_proof
from marketplace.verification.changes.states import ReverificationAction, ReverificationState
from marketplace.verification.models import VerificationRun
from marketplace.verification.states import RunKind, RunState

AT_ONCE = 2
"""Runs of re-verifications that may be open at a time: one at work and the next at hand."""
BUDGET_SPAN = timedelta(hours=1)
LOOKED_AT = 50


def start_due(session: Session, queue: TaskQueue, budget: int) -> list[Reverification]:
    """Start what may start now; what was started.

    Args:
        budget: model evaluations that re-verifications may plan within an hour. A listing that is
            larger than the whole budget starts when nothing else was started within the hour.
    """
    started: list[Reverification] = []
    room = AT_ONCE - _open(session)
    spent = _planned_lately(session)
    for one in _waiting(session) if room > 0 else []:
        if len(started) >= room:
            break
        if not _is_up_for_proof(session, one.version_id):
            move(session, one, ReverificationAction.DROP, reason="no longer on sale")
            continue
        cost = int(str(runs.plan_of(one.version)["work_units"]))
        if spent and spent + cost > budget:
            break
        if _seller_waits(session, str(runs.plan_of(one.version)["queue"])):
            continue
        if _start(session, queue, one):
            spent += cost
            started.append(one)
    return started


def _start(session: Session, queue: TaskQueue, one: Reverification) -> bool:
    run = runs.request_run(session, one.version, RunKind.REVERIFICATION, one.change.what)
    if run.kind is not RunKind.REVERIFICATION:
        return False
    one.run_id, one.tries, one.not_before = run.id, one.tries + 1, None
    move(session, one, ReverificationAction.START)
    runs.wake(session, queue, run)
    return True


def _waiting(session: Session) -> list[Reverification]:
    """Those whose turn it is, locked; of one version's several changes one at a time."""
    other = aliased(Reverification)
    busy = select(other.id).where(
        other.version_id == Reverification.version_id,
        other.state == ReverificationState.RUNNING,
    )
    query = (
        select(Reverification)
        .where(
            Reverification.state == ReverificationState.WAITING,
            func.coalesce(Reverification.not_before, now()) <= now(),
            ~busy.exists(),
        )
        .order_by(Reverification.sales.desc(), Reverification.created_at, Reverification.id)
        .limit(LOOKED_AT)
        .with_for_update(of=Reverification, skip_locked=True)
    )
    return list(session.scalars(query))


def _is_up_for_proof(session: Session, version_id: str) -> bool:
    query = (
        select(ListingVersion.id)
        .join(Listing, Listing.live_version_id == ListingVersion.id)
        .where(ListingVersion.id == version_id, is_up_for_proof())
    )
    return session.scalar(query) is not None


def _seller_waits(session: Session, queue: str) -> bool:
    """True while a run that somebody waits for stands in the same queue."""
    query = select(VerificationRun.id).where(
        VerificationRun.queue == queue,
        VerificationRun.state == RunState.QUEUED,
        VerificationRun.kind != RunKind.REVERIFICATION,
    )
    return bool(session.scalar(select(query.exists())))


def _open(session: Session) -> int:
    query = select(func.count()).where(Reverification.state == ReverificationState.RUNNING)
    return session.scalar(query) or 0


def _planned_lately(session: Session) -> int:
    query = select(func.coalesce(func.sum(VerificationRun.work_units), 0)).where(
        VerificationRun.kind == RunKind.REVERIFICATION,
        VerificationRun.created_at > now() - BUDGET_SPAN,
    )
    return int(session.scalar(query) or 0)
