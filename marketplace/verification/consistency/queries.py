"""Reads about consistency reports: a version's, the one to take next, what still waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, exists, or_, select
from sqlalchemy.orm import QueryableAttribute, Session, selectinload, undefer

from marketplace.core.clock import now
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.queries import works
from marketplace.listings.states import ListingState
from marketplace.verification.consistency.models import ConsistencyPicture, ConsistencyReport
from marketplace.verification.consistency.states import OPEN, PictureState, Purpose, ReportState
from marketplace.verification.models import VerificationRun
from marketplace.verification.states import RunKind, RunState, Verdict


def completed_of(
    session: Session, version_id: str, purpose: Purpose = Purpose.PUBLIC
) -> list[ConsistencyReport]:
    """A version's finished reports with their pictures, the newest first."""
    values = {"version_id": version_id, "purpose": purpose}
    return list(session.scalars(_completed(), values))


@cache
def _completed() -> Select[ConsistencyReport]:
    """Of ``version_id`` and ``purpose``; built once, for every page of a listing asks."""
    return (
        select(ConsistencyReport)
        .where(
            ConsistencyReport.version_id == bindparam("version_id"),
            ConsistencyReport.purpose == bindparam("purpose"),
            ConsistencyReport.state == ReportState.COMPLETED,
        )
        .order_by(ConsistencyReport.created_at.desc())
        .options(selectinload(ConsistencyReport.pictures))
    )


def newest_score(version_id: ColumnElement[str] | QueryableAttribute[str]) -> Any:
    """SQL: the adherence, from 0 to 1, that the newest public report of a version found.

    Null without a report, or where nothing could judge its pictures.
    """
    return (
        select(ConsistencyReport.summary["adherence"]["value"].as_float())
        .where(
            ConsistencyReport.version_id == version_id,
            ConsistencyReport.purpose == Purpose.PUBLIC,
            ConsistencyReport.state == ReportState.COMPLETED,
        )
        .order_by(ConsistencyReport.created_at.desc())
        .limit(1)
        .scalar_subquery()
    )


def open_report_of(
    session: Session, version_id: str, purpose: Purpose = Purpose.PUBLIC
) -> ConsistencyReport | None:
    """The report of a version that is being made or waits for it."""
    return session.scalar(
        select(ConsistencyReport).where(
            ConsistencyReport.version_id == version_id,
            ConsistencyReport.purpose == purpose,
            ConsistencyReport.state.in_(OPEN),
        )
    )


def planned_pictures(session: Session, report_id: str) -> list[ConsistencyPicture]:
    """Pictures that are still to be made, in order: a report taken over goes on behind them."""
    query = (
        select(ConsistencyPicture)
        .where(
            ConsistencyPicture.report_id == report_id,
            ConsistencyPicture.state == PictureState.PLANNED,
        )
        .order_by(ConsistencyPicture.number)
    )
    return list(session.scalars(query))


def measured_pictures(session: Session, report_id: str) -> list[ConsistencyPicture]:
    """All pictures of a report with their descriptors, in order."""
    query = (
        select(ConsistencyPicture)
        .where(ConsistencyPicture.report_id == report_id)
        .order_by(ConsistencyPicture.number)
        .options(undefer(ConsistencyPicture.descriptor))
    )
    return list(session.scalars(query))


def run_waits(queue: ColumnElement[str] | str, moment: datetime) -> ColumnElement[bool]:
    """Whether a verification run that could start waits in a queue: those always go first."""
    due = or_(VerificationRun.not_before.is_(None), VerificationRun.not_before <= moment)
    return exists().where(
        VerificationRun.state == RunState.QUEUED, VerificationRun.queue == queue, due
    )


def must_step_aside(session: Session, report_id: str) -> bool:
    """True when a verification run waits in the report's queue."""
    queue = (
        select(ConsistencyReport.queue).where(ConsistencyReport.id == report_id).scalar_subquery()
    )
    return session.scalar(select(run_waits(queue, now()))) or False


def claimable_version_ids(session: Session, limit: int = 4) -> list[tuple[str, str]]:
    """(version id, queue) of reports that a worker could take now: nobody's run would wait."""
    waits = run_waits(ConsistencyReport.queue.expression, now())
    query = (
        select(ConsistencyReport.version_id, ConsistencyReport.queue)
        .where(ConsistencyReport.state == ReportState.QUEUED, ~waits)
        .order_by(ConsistencyReport.work_units, ConsistencyReport.created_at)
        .limit(limit)
    )
    return [(row.version_id, row.queue) for row in session.execute(query)]


def versions_without_report(session: Session, limit: int = 20) -> Sequence[ListingVersion]:
    """Proved versions for which no report was ever asked (a run closed by an older worker, say)."""
    asked = select(ConsistencyReport.id).where(
        ConsistencyReport.version_id == ListingVersion.id,
        ConsistencyReport.purpose == Purpose.PUBLIC,
    )
    proved = select(VerificationRun.id).where(
        VerificationRun.version_id == ListingVersion.id,
        VerificationRun.kind == RunKind.LISTING,
        VerificationRun.state == RunState.COMPLETED,
        VerificationRun.verdict == Verdict.REPRODUCED,
    )
    query = (
        select(ListingVersion)
        .join(Listing, Listing.id == ListingVersion.listing_id)
        .where(
            ListingVersion.id.in_([Listing.version_id, Listing.live_version_id]),
            works(ListingState.IN_REVIEW, ListingState.LIVE),
            proved.exists(),
            ~asked.exists(),
        )
        .order_by(ListingVersion.created_at.desc())
        .limit(limit)
    )
    return session.scalars(query).all()
