"""Waves of spam: many cases turned away at once, each by its own decision."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.core.errors import DomainError
from marketplace.moderation import operations
from marketplace.moderation.decisions.models import Decision
from marketplace.moderation.decisions.operations import Ruling, decide
from marketplace.moderation.states import DecisionKind, ReasonCode

MAX_AT_ONCE = 100


def reject_as_spam(
    session: Session,
    case_ids: Sequence[str],
    moderator: User,
    note: str,
    undo_for: timedelta,
) -> tuple[list[Decision], int]:
    """Claim and reject each case as spam; cases in other hands are left alone.

    Returns:
        The decisions, and how many cases were left.
    """
    made, left = [], 0
    for case_id in sorted(set(case_ids))[:MAX_AT_ONCE]:
        try:
            with session.begin_nested():
                operations.claim(session, case_id, moderator)
                ruling = Ruling(DecisionKind.REJECT, ReasonCode.SPAM, note)
                made.append(decide(session, case_id, moderator, ruling, undo_for))
        except DomainError:
            left += 1
    return made, left
