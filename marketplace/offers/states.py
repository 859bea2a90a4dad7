"""The life of a timed sale, as data."""

from __future__ import annotations

from enum import StrEnum

from marketplace.core.states import Ignore, StateMachine


class SaleState(StrEnum):
    """How far a sale has come. What is charged follows from its moments, not from this word."""

    SCHEDULED = "scheduled"
    RUNNING = "running"
    ENDED = "ended"
    CANCELLED = "cancelled"


class SaleAction(StrEnum):
    """What can happen to a sale."""

    START = "start"
    END = "end"
    CANCEL = "cancel"


S, A = SaleState, SaleAction

SALE_STATES: StateMachine[SaleState, SaleAction] = StateMachine(
    "sale",
    {
        (S.SCHEDULED, A.START): S.RUNNING,
        (S.RUNNING, A.START): Ignore.DUPLICATE,
        (S.SCHEDULED, A.END): S.ENDED,
        (S.RUNNING, A.END): S.ENDED,
        (S.ENDED, A.END): Ignore.DUPLICATE,
        (S.SCHEDULED, A.CANCEL): S.CANCELLED,
        (S.RUNNING, A.CANCEL): S.CANCELLED,
        (S.CANCELLED, A.CANCEL): Ignore.DUPLICATE,
        (S.ENDED, A.CANCEL): Ignore.LATE,
    },
)

OPEN = frozenset({S.SCHEDULED, S.RUNNING})
"""States in which a sale's price counts between its two moments."""
