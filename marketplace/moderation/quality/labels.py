"""Moderators label findings right or wrong; precision per rule follows from the labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Integer, cast, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core.errors import NotFoundError
from marketplace.moderation.quality.models import FindingLabel
from marketplace.screening.models import PolicyFinding


@dataclass(frozen=True, slots=True)
class RulePrecision:
    """How often a rule's findings were labelled right."""

    rule: str
    code: str
    labelled: int
    right: int

    @property
    def precision(self) -> float:
        """From 0 to 1."""
        return self.right / self.labelled


def label(session: Session, finding_id: str, moderator_id: str, right: bool) -> None:
    """Say whether a finding is right; a second word replaces the first.

    Raises:
        NotFoundError: when there is no such finding.
    """
    if session.get(PolicyFinding, finding_id) is None:
        raise NotFoundError
    row = insert(FindingLabel).values(finding_id=finding_id, moderator_id=moderator_id, right=right)
    session.execute(
        row.on_conflict_do_update(
            index_elements=["finding_id", "moderator_id"], set_={"right": row.excluded.right}
        )
    )


def labels_of(session: Session, finding_ids: Sequence[str], moderator_id: str) -> dict[str, bool]:
    """This moderator's labels, by finding."""
    if not finding_ids:
        return {}
    rows = session.execute(
        select(FindingLabel.finding_id, FindingLabel.right).where(
            FindingLabel.finding_id.in_(finding_ids), FindingLabel.moderator_id == moderator_id
        )
    )
    return {finding_id: right for finding_id, right in rows}  # noqa: C416


def precision_per_rule(session: Session) -> list[RulePrecision]:
    """All rules that were labelled, the least precise first."""
    rows = session.execute(
        select(
            PolicyFinding.rule,
            PolicyFinding.code,
            func.count(),
            func.sum(cast(FindingLabel.right, Integer)),
        )
        .join(PolicyFinding, PolicyFinding.id == FindingLabel.finding_id)
        .group_by(PolicyFinding.rule, PolicyFinding.code)
    )
    found = [RulePrecision(rule, code, number, right) for rule, code, number, right in rows]
    return sorted(found, key=lambda one: (one.precision, -one.labelled, one.rule))
