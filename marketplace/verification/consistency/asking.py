"""Asking for a consistency report: which models allow one, and the rows that plan it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core.ids import new_id
from marketplace.listings.models import ListingVersion
from marketplace.task_names import queue_of_engine
from marketplace.verification.consistency import queries
from marketplace.verification.consistency.models import (
    ConsistencyEvent,
    ConsistencyPicture,
    ConsistencyReport,
)
from marketplace.verification.consistency.plan import RULE_VERSION, plan
from marketplace.verification.consistency.states import Purpose, ReportState


@dataclass(frozen=True)
class Size:
    """How many pictures a report makes: fills × seeds, and at most so many for the map."""

    fills: int
    seeds: int
    map_limit: int


def can_measure(version: ListingVersion) -> bool:
    """Whether values and seeds can be varied at all: a model that we run, that takes a seed.

    Models that charge for each picture are left out: dozens of pictures per listing would cost
    more than the listing earns.
    """
    model = version.target_model
    return bool(model.seedable and version.tier.is_rerun and not model.cost_microdollars)


def request_report(
    session: Session,
    version: ListingVersion,
    size: Size,
    purpose: Purpose = Purpose.PUBLIC,
    again: bool = False,
) -> ConsistencyReport | None:
    """The report of this version: the existing one, or a new one with all its pictures planned.

    Safe to repeat. None for models that cannot be measured.

    Args:
        again: make another although one exists (the model changed); an open one still counts.
    """
    if not can_measure(version):
        return None
    existing = _existing(session, version.id, purpose, again)
    if existing is not None:
        return existing
    planned = plan(
        version.id,
        version.variables,
        size.fills,
        size.seeds,
        size.map_limit,
        [sample.values for sample in version.samples],
        purpose.value,
    )
    report_id = session.scalar(
        insert(ConsistencyReport)
        .values(
            id=new_id(),
            version_id=version.id,
            purpose=purpose,
            state=ReportState.QUEUED,
            engine=version.target_model.source,
            queue=queue_of_engine(version.target_model.engine),
            rule_version=RULE_VERSION,
            fills=len(planned.fills),
            seeds=len(planned.seeds),
            left_out=planned.left_out,
            pictures_total=len(planned.shots),
            pictures_done=0,
            work_units=len(planned.shots) * version.steps,
            attempts=0,
        )
        # Two workers may ask at once; the partial unique index lets one win.
        .on_conflict_do_nothing()
        .returning(ConsistencyReport.id)
    )
    if report_id is None:
        return _existing(session, version.id, purpose, again=True)
    session.add_all(
        ConsistencyPicture(
            report_id=report_id,
            number=shot.number,
            fill=shot.fill,
            seed_column=shot.column,
            variable=shot.variable,
            choice=shot.choice,
            values=shot.values,
            seed=shot.seed,
        )
        for shot in planned.shots
    )
    session.add(
        ConsistencyEvent(report_id=report_id, action="request", to_state=ReportState.QUEUED)
    )
    session.flush()
    return session.get_one(ConsistencyReport, report_id)


def _existing(
    session: Session, version_id: str, purpose: Purpose, again: bool
) -> ConsistencyReport | None:
    if again:
        return queries.open_report_of(session, version_id, purpose)
    return session.scalar(
        select(ConsistencyReport)
        .where(
            ConsistencyReport.version_id == version_id,
            ConsistencyReport.purpose == purpose,
            ConsistencyReport.state != ReportState.CANCELLED,
        )
        .order_by(ConsistencyReport.created_at.desc())
        .limit(1)
    )
