"""What workers have to do once a decision has taken effect; each of it is found by a sweep too."""

from __future__ import annotations

from sqlalchemy.orm import Session

from marketplace.core.task_queue import TaskQueue, enqueue
from marketplace.moderation.decisions.models import Decision
from marketplace.task_names import TaskName


def follow_up(session: Session, queue: TaskQueue, decision_id: str) -> None:
    """Call workers after the commit: search has changed, and pictures may have been banned."""
    enqueue(session, queue, TaskName.UPDATE_SEARCH)
    if session.get_one(Decision, decision_id).banned_samples:
        enqueue(session, queue, TaskName.SEARCH_BANNED)
