"""How features ask for background work: after the commit, by name, with identifiers only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy.orm import Session

from marketplace.core.unit_of_work import after_commit


class TaskQueue(Protocol):
    """Sends the name of a job and the ids it concerns; never text, never objects."""

    def send(
        self,
        name: str,
        *args: str,
        countdown: float = 0,
        to: str | None = None,
        expires: float | None = None,
    ) -> None:
        """Send now. Raises when the broker does not answer.

        Args:
            countdown: seconds until it may be worked on.
            to: the queue, where it is not the task's own.
            expires: seconds after which nobody needs to begin with it any more.
        """

    def answers(self) -> bool:
        """True when the broker can be reached."""


@dataclass
class RecordingQueue:
    """Keeps what was sent (tests)."""

    sent: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    queues: list[str | None] = field(default_factory=list)
    """The queue each was sent to by name; None for the task's own."""

    def send(
        self,
        name: str,
        *args: str,
        countdown: float = 0,
        to: str | None = None,
        expires: float | None = None,
    ) -> None:
        """Remember the job."""
        self.sent.append((str(name), args))
        self.queues.append(to)

    def answers(self) -> bool:
        """Always reachable."""
        return True


def enqueue(
    session: Session,
    queue: TaskQueue,
    name: str,
    *args: str,
    delay: float = 0,
    to: str | None = None,
) -> None:
    """Send a job once the session commits; the row it works on must be part of that commit."""
    after_commit(session, lambda: queue.send(name, *args, countdown=delay, to=to))
