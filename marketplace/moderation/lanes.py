"""Where a case waits, how risky it is, and until when it should be answered.

Pure rules over a handful of facts; the rows keep their result, so that the queue is read from an
index. Checks that end after the case was opened file it anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.states import ListingState
from marketplace.moderation.complaints.models import Complaint
from marketplace.moderation.models import Case
from marketplace.moderation.rules import has_proof
from marketplace.moderation.standing.models import SellerRisk
from marketplace.moderation.standing.queries import points_of
from marketplace.moderation.states import CaseState, Lane
from marketplace.policy import Severity
from marketplace.screening.models import PolicyCheck, PolicyFinding

YOUNG_DAYS, YOUNG_LISTINGS = 30, 3
"""A seller is young whose shop is newer and who has fewer on sale."""
ANSWER_WITHIN: dict[Lane, timedelta] = {
    Lane.ESCALATED: timedelta(hours=8),
    Lane.PAYMENT_RISK: timedelta(hours=12),
    Lane.SCANNER: timedelta(hours=12),
    Lane.REPORTS: timedelta(hours=24),
    Lane.REVERIFICATION: timedelta(hours=48),
    Lane.UNCONFIRMED: timedelta(hours=24),
    Lane.YOUNG: timedelta(hours=24),
    Lane.EDITS: timedelta(hours=24),
    Lane.NEW: timedelta(hours=24),
}
_WEIGHT_HARD, _WEIGHT_SOFT, _WEIGHT_SERIOUS, _WEIGHT_POINT, _WEIGHT_REPORT = 30, 6, 25, 5, 15


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides the lane and the risk of a case."""

    proved: bool
    hard: int = 0
    """Hard policy findings."""
    soft: int = 0
    serious: int = 0
    """Serious findings of verification, banned pictures included."""
    young: bool = False
    edit: bool = False
    """The listing has been on sale before."""
    payment_risk: bool = False
    escalated: bool = False
    points: int = 0
    """Of strikes that count."""
    on_sale: bool = False
    """It is about what is on sale already: the facts above were judged when it went there."""
    reports: int = 0
    """Of people, that nobody has answered."""


def lane_of(facts: Facts) -> Lane:
    """The one lane of a case: its gravest trait decides."""
    if facts.on_sale:
        known = Lane.REPORTS if facts.reports else Lane.REVERIFICATION
        known = Lane.SCANNER if facts.serious else known
        return Lane.ESCALATED if facts.escalated else known
    traits = (
        (facts.escalated, Lane.ESCALATED),
        (facts.payment_risk, Lane.PAYMENT_RISK),
        (facts.hard or facts.serious, Lane.SCANNER),
        (not facts.proved, Lane.UNCONFIRMED),
        (facts.young, Lane.YOUNG),
        (facts.edit, Lane.EDITS),
    )
    return next((lane for is_so, lane in traits if is_so), Lane.NEW)


def risk_of(facts: Facts) -> int:
    """From 0, calm, to 100: a sum of weights, made for ordering a queue and for nothing else."""
    return min(
        100,
        40 * facts.escalated
        + 25 * facts.payment_risk
        + min(_WEIGHT_HARD * facts.hard, 60)
        + min(_WEIGHT_SERIOUS * facts.serious, 50)
        + min(_WEIGHT_SOFT * facts.soft, 18)
        + 15 * (not facts.proved)
        + 10 * facts.young
        + min(_WEIGHT_POINT * facts.points, 20)
        + min(_WEIGHT_REPORT * facts.reports, 60),
    )


def file_case(session: Session, case: Case) -> None:
    """Put an open case into its lane by what is known today. Its deadline is never put off."""
    facts = facts_of(session, case)
    case.lane = lane_of(facts)
    case.risk_rank = 100 - risk_of(facts)
    latest = (case.created_at or now()) + ANSWER_WITHIN[case.lane]
    case.due_at = min(case.due_at or latest, latest)
    session.flush()


def file_version(session: Session, version_id: str) -> None:
    """File the version's waiting case anew, if there is one: a check has ended."""
    case = session.scalar(
        select(Case)
        .where(Case.version_id == version_id, Case.state.in_([CaseState.OPEN, CaseState.CLAIMED]))
        .with_for_update(of=Case)
    )
    if case is not None:
        file_case(session, case)


def facts_of(session: Session, case: Case) -> Facts:
    """The facts of a case, read from the rows."""
    listing = session.get_one(Listing, case.listing_id)
    if case.on_sale:
        return _facts_on_sale(session, case, listing)
    hard, soft = _policy(session, case.version_id)
    version = session.get_one(ListingVersion, case.version_id)
    return Facts(
        proved=has_proof(session, case),
        hard=hard,
        soft=soft,
        serious=sum(finding.severity == "serious" for finding in case.findings),
        young=_is_young(session, listing),
        edit=version.number > 1 and listing.live_version_id is not None,
        payment_risk=session.get(SellerRisk, listing.seller_id) is not None,
        escalated=case.escalated_by is not None,
        points=points_of(session, listing.seller_id),
    )


def _facts_on_sale(session: Session, case: Case, listing: Listing) -> Facts:
    reports = session.scalar(
        select(func.count())
        .select_from(Complaint)
        .where(Complaint.case_id == case.id, Complaint.closed_at.is_(None))
    )
    return Facts(
        proved=True,
        on_sale=True,
        serious=sum(finding.severity == "serious" for finding in case.findings),
        payment_risk=session.get(SellerRisk, listing.seller_id) is not None,
        escalated=case.escalated_by is not None,
        points=points_of(session, listing.seller_id),
        reports=reports or 0,
    )


def _policy(session: Session, version_id: str) -> tuple[int, int]:
    """Codes of hard and of soft findings, each counted once."""
    rows = session.execute(
        select(PolicyFinding.severity, func.count(PolicyFinding.code.distinct()))
        .join(PolicyCheck, PolicyCheck.id == PolicyFinding.check_id)
        .where(PolicyCheck.version_id == version_id)
        .group_by(PolicyFinding.severity)
    )
    counted = {severity: number for severity, number in rows}  # noqa: C416
    return counted.get(Severity.HARD, 0), counted.get(Severity.SOFT, 0)


def _is_young(session: Session, listing: Listing) -> bool:
    if listing.seller.created_at <= now() - timedelta(days=YOUNG_DAYS):
        return False
    live = session.scalar(
        select(func.count())
        .select_from(Listing)
        .where(Listing.seller_id == listing.seller_id, Listing.state == ListingState.LIVE)
    )
    return (live or 0) < YOUNG_LISTINGS
