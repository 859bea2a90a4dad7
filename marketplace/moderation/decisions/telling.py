"""What a decision rests on, opened for the one person it is about."""

from __future__ import annotations

from sqlalchemy.orm import Session

from marketplace.core.vault import PromptVault
from marketplace.listings.models import ListingVersion
from marketplace.moderation.decisions.models import Decision
from marketplace.screening.lines import PolicyLine, policy_lines
from marketplace.screening.queries import latest_checks


def findings_told(session: Session, vault: PromptVault, decision: Decision) -> list[PolicyLine]:
    """The findings that the moderator chose to tell, with place, explanation and fix.

    Their caller has made sure that it is the listing's own seller who asks.
    """
    if not decision.finding_ids:
        return []
    version = session.get_one(ListingVersion, decision.case.version_id)
    lines = policy_lines(
        session,
        vault,
        version,
        latest_checks(session, version.id),
        with_details=True,
        with_others=False,
    )
    return [line for line in lines if line.id in set(decision.finding_ids)]
