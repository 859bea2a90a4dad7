"""What the machine's advice rests on, read from the rows; no prompt is opened for it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.moderation.models import Case
from marketplace.moderation.recommendation import Evidence, Noticed, Record
from marketplace.moderation.rules import has_proof
from marketplace.moderation.standing.queries import Standing, standing_of
from marketplace.policy import Severity
from marketplace.screening.evidence import FROM_RUNS
from marketplace.screening.lines import policy_state
from marketplace.screening.models import PolicyCheck
from marketplace.screening.queries import latest_checks
from marketplace.verification.consistency.models import ConsistencyReport
from marketplace.verification.consistency.states import Purpose, ReportState


def evidence_of(
    session: Session,
    case: Case,
    checks: list[PolicyCheck] | None = None,
    standing: Standing | None = None,
) -> Evidence:
    """The evidence of a case; what its caller has read already need not be read again."""
    checks = latest_checks(session, case.version_id) if checks is None else checks
    standing = standing_of(session, case.listing.seller) if standing is None else standing
    # What the run found stands on the case itself.
    from_run = {finding.code for finding in case.findings} & FROM_RUNS
    return Evidence(
        proved=has_proof(session, case),
        verdict=case.verdict,
        policy_state=policy_state(checks),
        findings=tuple(
            Noticed(row.code, Severity(row.severity), row.field, row.rule)
            for check in checks
            for row in check.findings
            if row.code not in from_run
        ),
        serious=tuple(f.code for f in case.findings if f.severity == "serious"),
        adherence=_adherence(session, case.version_id),
        record=Record(standing.live, (now() - case.listing.seller.created_at).days),
    )


def _adherence(session: Session, version_id: str) -> int | None:
    """Of the newest public report, in percent; None without one, or where nothing could judge."""
    value = session.scalar(
        select(ConsistencyReport.summary["adherence"]["value"].as_float())
        .where(
            ConsistencyReport.version_id == version_id,
            ConsistencyReport.purpose == Purpose.PUBLIC,
            ConsistencyReport.state == ReportState.COMPLETED,
        )
        .order_by(ConsistencyReport.created_at.desc())
        .limit(1)
    )
    return None if value is None else int(100 * value)
