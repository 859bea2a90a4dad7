"""The machine's advice on a case, from the rows: on a submission, or on what is on sale."""

from __future__ import annotations

from sqlalchemy.orm import Session

from marketplace.moderation.evidence import evidence_of
from marketplace.moderation.models import Case
from marketplace.moderation.on_sale import Brought, what_brought
from marketplace.moderation.recommendation import Recommendation, recommend
from marketplace.moderation.recommendation_on_sale import recommend_on_sale
from marketplace.moderation.standing.queries import Standing
from marketplace.screening.models import PolicyCheck


def advice_on(
    session: Session,
    case: Case,
    checks: list[PolicyCheck] | None = None,
    standing: Standing | None = None,
    brought: Brought | None = None,
) -> Recommendation:
    """What the machine would do; what its caller has read already need not be read again."""
    if not case.on_sale:
        return recommend(evidence_of(session, case, checks, standing))
    brought = what_brought(session, case) if brought is None else brought
    return recommend_on_sale(
        [one.reason for one in brought.reports],
        [one.reason or "" for one in brought.questions],
        [(one.code, one.explanation) for one in case.findings if one.severity == "serious"],
    )
