"""Reads about policy checks: what is still to be asked for or done, and a version's findings."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session, selectinload, undefer

from marketplace.core.clock import now
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.queries import works
from marketplace.listings.states import ListingState
from marketplace.policy import POLICY_VERSION, Severity
from marketplace.policy.codes import code_of
from marketplace.screening.models import PolicyCheck, PolicyFinding
from marketplace.screening.states import CheckState, Stage
from marketplace.verification.consistency.models import ConsistencyReport
from marketplace.verification.consistency.states import Purpose, ReportState
from marketplace.verification.models import VerificationRun
from marketplace.verification.states import RunKind, RunState

_AT_WORK = (ListingState.VERIFYING, ListingState.IN_REVIEW)
LIMIT = 50


def unasked(session: Session, stage: Stage, limit: int = LIMIT) -> list[ListingVersion]:
    """Versions on their way to a moderator that lack a check whose moment has come."""
    asked = exists().where(
        PolicyCheck.version_id == ListingVersion.id,
        PolicyCheck.stage == stage,
        PolicyCheck.policy_version == POLICY_VERSION,
        PolicyCheck.requested_at >= Listing.submitted_at,
    )
    query = (
        select(ListingVersion)
        .join(Listing, Listing.version_id == ListingVersion.id)
        .where(works(*_AT_WORK), ~asked, _moment(stage))
        .order_by(Listing.submitted_at)
        .limit(limit)
    )
    return list(session.scalars(query))


def _moment(stage: Stage) -> ColumnElement[bool]:
    """SQL: the stage can be looked at."""
    if stage is Stage.RUN:
        return exists().where(
            VerificationRun.version_id == ListingVersion.id,
            VerificationRun.kind == RunKind.LISTING,
            VerificationRun.state == RunState.COMPLETED,
        )
    if stage is Stage.REPORT:
        return exists().where(
            ConsistencyReport.version_id == ListingVersion.id,
            ConsistencyReport.purpose == Purpose.PUBLIC,
            ConsistencyReport.state == ReportState.COMPLETED,
        )
    return Listing.submitted_at.is_not(None)


def due(session: Session, limit: int = LIMIT) -> list[str]:
    """Ids of checks that wait and may be tried now, the oldest first."""
    query = (
        select(PolicyCheck.id)
        .where(
            PolicyCheck.state == CheckState.WAITING,
            or_(PolicyCheck.not_before.is_(None), PolicyCheck.not_before <= now()),
        )
        .order_by(PolicyCheck.created_at)
        .limit(limit)
    )
    return list(session.scalars(query))


def latest_checks(session: Session, version_id: str) -> list[PolicyCheck]:
    """The newest check of each stage with its findings, details included, in order of stages."""
    rows = session.scalars(
        select(PolicyCheck)
        .where(PolicyCheck.version_id == version_id)
        .order_by(PolicyCheck.requested_at)
        .options(selectinload(PolicyCheck.findings).options(undefer(PolicyFinding.details_sealed)))
    )
    newest = {row.stage: row for row in rows}
    return [newest[stage] for stage in Stage if stage in newest]


def hands_for(session: Session, version_id: str) -> int:
    """How many moderators its hard findings ask for; a check that is not over asks for nothing."""
    codes = {
        row.code
        for check in latest_checks(session, version_id)
        for row in check.findings
        if row.severity is Severity.HARD
    }
    return max((code_of(code).hands for code in codes), default=1)


def titles_of(session: Session, listing_ids: set[str]) -> dict[str, Listing]:
    """Listings by id, for the moderators' list of clones."""
    rows = session.scalars(select(Listing).where(Listing.id.in_(listing_ids)))
    return {row.id: row for row in rows}
