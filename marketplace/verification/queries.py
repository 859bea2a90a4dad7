"""Reads about runs: the report of a version, the queue, the measurements."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, case, extract, select
from sqlalchemy.orm import Session, contains_eager, selectinload

from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.queries import works
from marketplace.listings.states import ListingState
from marketplace.verification.models import CopyHit, SampleCheck, VerificationRun
from marketplace.verification.policy import Measured
from marketplace.verification.similarity import DecidedBy
from marketplace.verification.states import RunKind, RunState

AGEING = 1.0
"""Evaluations of work that one second of waiting makes up for, so that nobody starves."""
HANDICAP = {RunKind.PREFLIGHT: 300, RunKind.REVERIFICATION: 3600}
"""Evaluations that a run of this kind stands behind: a listing's seller waits for each of them."""


def is_open() -> ColumnElement[bool]:
    """SQL: queued or at work."""
    return VerificationRun.state.in_([RunState.QUEUED, RunState.RUNNING])


def turn() -> ColumnElement[Any]:
    """SQL: whose turn it is, the least first. Least work goes first, but waiting counts.

    A run can be overtaken only by those that come within its work ÷ AGEING seconds after it.
    """
    handicap = case(*((VerificationRun.kind == kind, n) for kind, n in HANDICAP.items()), else_=0)
    waited_since = extract("epoch", VerificationRun.created_at) * AGEING
    return waited_since + VerificationRun.work_units + handicap


def run_of(
    session: Session, version_id: str | None, kind: RunKind = RunKind.LISTING
) -> VerificationRun | None:
    """The version's newest run of that kind, whatever its state, with its measurements."""
    return session.scalar(
        select(VerificationRun)
        .where(VerificationRun.version_id == version_id, VerificationRun.kind == kind)
        .order_by(VerificationRun.created_at.desc())
        .limit(1)
        .options(selectinload(VerificationRun.checks).joinedload(SampleCheck.sample))
    )


def completed_run_of(session: Session, version_id: str | None) -> VerificationRun | None:
    """The run whose report stands for a version; None when it was never completed.

    Neither a preflight nor a re-verification: what was approved is what is shown, until somebody
    decides otherwise.
    """
    run = session.scalars(_newest(), {"version_id": version_id}).unique().one_or_none()
    return run if run is not None and run.state is RunState.COMPLETED else None


@cache
def _newest() -> Select[VerificationRun]:
    """The newest run for a listing of version ``version_id``, and its measurements, in one query.

    Built once: every page of a listing asks. Samples are not read here; who shows the pictures has
    them with the version.
    """
    newest = (
        select(VerificationRun.id)
        .where(
            VerificationRun.version_id == bindparam("version_id"),
            VerificationRun.kind == RunKind.LISTING,
        )
        .order_by(VerificationRun.created_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(VerificationRun)
        .outerjoin(VerificationRun.checks)
        .where(VerificationRun.id == newest)
        .order_by(SampleCheck.position)
        .options(contains_eager(VerificationRun.checks).lazyload(SampleCheck.sample))
    )


def reports_of(session: Session, version_ids: Sequence[str]) -> dict[str, VerificationRun]:
    """Completed runs by version id, in one query (for lists); the newest wins."""
    rows = session.scalars(
        select(VerificationRun)
        .where(
            VerificationRun.version_id.in_(version_ids),
            VerificationRun.state == RunState.COMPLETED,
            VerificationRun.kind == RunKind.LISTING,
        )
        .order_by(VerificationRun.created_at)
        .options(selectinload(VerificationRun.checks))
    )
    return {run.version_id: run for run in rows}


def measured_of(session: Session, run: VerificationRun) -> list[Measured]:
    """The samples that were re-run to the last step, in the policy's terms, by position."""
    checks = session.scalars(
        select(SampleCheck)
        .where(SampleCheck.run_id == run.id, SampleCheck.stopped_at_share.is_(None))
        .order_by(SampleCheck.position)
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


def unfinished_listings(session: Session, limit: int = 50) -> list[VerificationRun]:
    """Runs that ended while their listing still waits (cannot happen; found again if it does)."""
    query = (
        select(VerificationRun)
        .join(Listing, Listing.version_id == VerificationRun.version_id)
        .join(ListingVersion, ListingVersion.id == VerificationRun.version_id)
        .where(
            works(ListingState.VERIFYING),
            VerificationRun.kind == RunKind.LISTING,
            VerificationRun.state.in_([RunState.COMPLETED, RunState.ERRORED]),
        )
        .limit(limit)
    )
    return list(session.scalars(query))


def copy_hits_of(session: Session, run_id: str) -> list[CopyHit]:
    """Copy-search hits of a run, closest first, with both samples."""
    query = select(CopyHit).where(CopyHit.run_id == run_id).order_by(CopyHit.distance)
    return list(session.scalars(query))
