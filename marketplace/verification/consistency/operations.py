"""Verbs of a consistency report: request, claim, record, step aside, complete. Nothing commits.

A worker holds a report by a lease (see core.leases); a report taken over goes on behind its last
recorded picture. Unlike a run it always gives way: it is claimed only while no verification run
waits in its queue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core import leases
from marketplace.core.clock import now
from marketplace.core.states import Ignore
from marketplace.verification.consistency import queries
from marketplace.verification.consistency.asking import Size, can_measure, request_report
from marketplace.verification.consistency.models import (
    ConsistencyEvent,
    ConsistencyPicture,
    ConsistencyReport,
)
from marketplace.verification.consistency.states import (
    REPORT_STATES,
    PictureState,
    ReportAction,
    ReportState,
)

__all__ = [
    "MAX_ATTEMPTS",
    "MadePicture",
    "Size",
    "beat",
    "can_measure",
    "cancel_report",
    "claim_next",
    "complete_report",
    "held_report",
    "record_picture",
    "release_report",
    "release_stale",
    "request_report",
    "step_aside",
]

MAX_ATTEMPTS = 5
"""Claims without a single new picture before a report is given up."""


@dataclass(frozen=True)
class MadePicture:
    """What a worker found out about one picture. No filled prompt, nor any of its words.

    ``failure`` is None for a picture that counts; ``fingerprint`` holds the columns of
    FingerprintColumns and ``descriptor`` little-endian float32; both empty where there are no
    pixels.
    """

    failure: str | None = None
    hits: int | None = None
    judged: int | None = None
    adherence: float | None = None
    seconds: float | None = None
    descriptor: bytes | None = field(default=None, repr=False)
    fingerprint: Mapping[str, Any] = field(default_factory=dict, repr=False)
    derivatives: list[dict[str, Any]] | None = field(default=None, repr=False)


def claim_next(
    session: Session, queues: Sequence[str] | None = None, engines: Sequence[str] | None = None
) -> ConsistencyReport | None:
    """Take the shortest waiting report, unless a verification run waits in its queue.

    Args:
        queues, engines: take only reports of these (None: of any).
    """
    query = select(ConsistencyReport).where(
        ConsistencyReport.state == ReportState.QUEUED,
        ~queries.run_waits(ConsistencyReport.queue.expression, now()),
    )
    if queues is not None:
        query = query.where(ConsistencyReport.queue.in_(queues))
    if engines is not None:
        query = query.where(ConsistencyReport.engine.in_(engines))
    report = session.scalar(
        query.order_by(ConsistencyReport.work_units, ConsistencyReport.created_at)
        .limit(1)
        .with_for_update(skip_locked=True, of=ConsistencyReport)
    )
    if report is None:
        return None
    _change(session, report, ReportAction.CLAIM)
    leases.take(report)
    return report


def beat(session: Session, report_id: str, lease: str) -> None:
    """Say that the holder is alive.

    Raises:
        LeaseLostError: when the report is no longer held by this lease.
    """
    leases.beat(session, ConsistencyReport, report_id, lease, ReportState.RUNNING)


def record_picture(
    session: Session,
    report_id: str,
    lease: str,
    number: int,
    made: MadePicture,
    provenance: dict[str, Any] | None = None,
) -> None:
    """Store what one picture showed; a second time it changes nothing.

    Raises:
        LeaseLostError: when the report is no longer held by this lease.
    """
    report = held_report(session, report_id, lease)
    picture = session.scalars(
        select(ConsistencyPicture).where(
            ConsistencyPicture.report_id == report.id, ConsistencyPicture.number == number
        )
    ).one()
    if picture.state is not PictureState.PLANNED:
        return
    picture.state = PictureState.MADE if made.failure is None else PictureState.FAILED
    for name in ("failure", "hits", "judged", "adherence", "seconds", "descriptor", "derivatives"):
        setattr(picture, name, getattr(made, name))
    for column, value in made.fingerprint.items():
        setattr(picture, column, value)
    report.pictures_done += 1
    report.attempts = 0  # it gets on; only standing still is limited
    report.heartbeat_at = now()
    if provenance is not None:
        report.provenance = provenance
    session.flush()


def complete_report(
    session: Session, report_id: str, lease: str, summary: dict[str, Any]
) -> ConsistencyReport:
    """Close a report whose pictures are all there.

    Raises:
        LeaseLostError: when the report is no longer held by this lease.
        ValueError: when a picture is missing.
    """
    report = held_report(session, report_id, lease)
    if queries.planned_pictures(session, report.id):
        raise ValueError("a picture has not been made")
    # State and summary stand or fall together in the table: no query may come between.
    _change(session, report, ReportAction.COMPLETE)
    report.summary = summary
    report.finished_at = now()
    report.lease = None
    return report


def step_aside(session: Session, report_id: str, lease: str) -> None:
    """Put a report back because a verification run waits; that is no failed attempt.

    Raises:
        LeaseLostError: when the report is no longer held by this lease.
    """
    report = held_report(session, report_id, lease)
    _change(session, report, ReportAction.STEP_ASIDE)
    report.lease = None
    report.attempts = max(0, report.attempts - 1)


def release_report(
    session: Session, report_id: str, lease: str, error_code: str
) -> ConsistencyReport:
    """Put a report back after a failure of ours, or give it up after too many.

    Raises:
        LeaseLostError: when the report is no longer held by this lease.
    """
    report = held_report(session, report_id, lease)
    _put_back(session, report, error_code)
    return report


def release_stale(session: Session, limit: int = 20) -> list[ConsistencyReport]:
    """Put back every report whose worker has fallen silent; returns them."""
    stale = leases.abandoned(session, ConsistencyReport, ReportState.RUNNING, limit)
    for report in stale:
        _put_back(session, report, "worker_lost")
    return list(stale)


def cancel_report(session: Session, report: ConsistencyReport, reason: str) -> None:
    """Stop a report for good; its worker finds its lease gone between two steps."""
    session.refresh(report, with_for_update={"of": ConsistencyReport})
    if isinstance(REPORT_STATES.next(report.state, ReportAction.CANCEL), Ignore):
        return
    _change(session, report, ReportAction.CANCEL, reason)
    report.lease = None
    report.finished_at = now()


def held_report(session: Session, report_id: str, lease: str) -> ConsistencyReport:
    """The report, locked, if the lease still holds it.

    Raises:
        LeaseLostError: when it does not.
    """
    return leases.held(session, ConsistencyReport, report_id, lease, ReportState.RUNNING)


def _put_back(session: Session, report: ConsistencyReport, error_code: str) -> None:
    report.lease = None
    report.error_code = error_code
    if report.attempts >= MAX_ATTEMPTS:
        _change(session, report, ReportAction.GIVE_UP, error_code)
        report.finished_at = now()
    else:
        _change(session, report, ReportAction.RELEASE, error_code)


def _change(
    session: Session, report: ConsistencyReport, action: ReportAction, reason: str | None = None
) -> None:
    before = report.state
    after = REPORT_STATES.next(before, action)
    assert isinstance(after, ReportState)  # ignored actions do not come here
    report.state = after
    session.add(
        ConsistencyEvent(
            report_id=report.id, action=action, from_state=before, to_state=after, reason=reason
        )
    )
