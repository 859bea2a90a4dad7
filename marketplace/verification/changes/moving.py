"""Changes of a re-verification's state, each with its event row. Nothing here commits."""

from __future__ import annotations

from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.verification.changes.models import Reverification, ReverificationEvent
from marketplace.verification.changes.states import (
    OPEN,
    REVERIFICATION_STATES,
    ReverificationAction,
    ReverificationState,
)


def move(
    session: Session,
    one: Reverification,
    action: ReverificationAction,
    actor_id: str | None = None,
    reason: str | None = None,
) -> bool:
    """Change the state and write its event; False when the action changes nothing.

    Raises:
        ConflictError: when the action is not possible any more.
    """
    before = one.state
    after = REVERIFICATION_STATES.next(before, action)
    if not isinstance(after, ReverificationState):
        return False
    one.state = after
    one.finished_at = None if after in OPEN else now()
    if reason is not None:
        one.reason = reason[:500]
    session.add(
        ReverificationEvent(
            reverification_id=one.id,
            action=action,
            from_state=before,
            to_state=after,
            actor_id=actor_id,
            reason=reason,
        )
    )
    session.flush()
    return True
