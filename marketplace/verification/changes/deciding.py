"""A moderator's word on re-verifications that a machine would not decide. No commits.

Whether it may be given, and that it stays written down with its reasons, is moderation's part.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from marketplace.verification.changes.models import Reverification
from marketplace.verification.changes.moving import move
from marketplace.verification.changes.queries import questions_of
from marketplace.verification.changes.states import ReverificationAction


def answer(
    session: Session, version_id: str, action: ReverificationAction, actor_id: str, said: str
) -> list[Reverification]:
    """Run again, let stand (dismiss) or hold against the listing (degrade) what waits for a word.

    Held against it, the version is marked and its seller told by outcomes.mark_degraded.

    Returns:
        The re-verifications that were answered; none where none was waiting.
    """
    answered = questions_of(session, version_id, lock=True)
    for one in answered:
        move(session, one, action, actor_id, said)
        if action is ReverificationAction.REPEAT:
            one.tries, one.not_before = 0, None
    return answered
