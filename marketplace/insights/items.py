"""One thing that waits for a seller."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

EACH = 5
"""Of one kind that are named; the list of listings has them all."""


class Urgency(IntEnum):
    """How much hangs on it."""

    NOW = 0
    """Something cannot be sold, or money is at stake."""
    SOON = 1
    LATER = 2

    @property
    def badge(self) -> str:
        """As badges spell it."""
        return ("error", "warning", "info")[self]


@dataclass(frozen=True)
class Item:
    """One thing to look at, and where."""

    urgency: Urgency
    sign: str
    """What kind of thing it is, in a word or two."""
    title: str
    says: str
    endpoint: str
    action: str
    values: dict[str, str] = field(default_factory=dict)
    due: datetime | None = None
    due_says: str = "Until"
    """What happens by then."""
