"""A case's change of state with its line in the history."""

from __future__ import annotations

from sqlalchemy.orm import Session

from marketplace.moderation.models import Case, CaseEvent
from marketplace.moderation.states import CASE_STATES, CaseAction, CaseState


def move(
    session: Session,
    case: Case,
    action: CaseAction,
    actor_id: str | None,
    reason: str | None = None,
) -> None:
    """Change the state and write it down.

    Raises:
        ConflictError: when the action is not possible in this state.
    """
    before = case.state
    after = CASE_STATES.next(before, action)
    assert isinstance(after, CaseState)
    case.state = after
    session.add(
        CaseEvent(
            case_id=case.id,
            action=action,
            from_state=before,
            to_state=after,
            actor_id=actor_id,
            reason=reason,
        )
    )
