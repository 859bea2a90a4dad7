"""State machines as data: a table of (state, action) -> next state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from marketplace.core.errors import ConflictError

S = TypeVar("S", bound=StrEnum)
A = TypeVar("A", bound=StrEnum)


class Ignore(StrEnum):
    """Why an action that changes nothing is still no error."""

    DUPLICATE = "duplicate"
    LATE = "late"


@dataclass(frozen=True)
class StateMachine(Generic[S, A]):
    """Transitions of one kind of row.

    ``table`` maps (state, action) to the next state, or to an Ignore member where the action
    is legal but changes nothing (webhooks arrive twice, and late). What is absent is invalid.
    """

    name: str
    table: Mapping[tuple[S, A], S | Ignore]

    def next(self, state: S, action: A) -> S | Ignore:
        """The next state or an Ignore.

        Raises:
            ConflictError: if the action is not possible in this state.
        """
        try:
            return self.table[(state, action)]
        except KeyError:
            raise ConflictError(
                f"This {self.name} is already {state.value.replace('_', ' ')}; "
                f"it cannot be {_past(action)} now.",
                code=f"{self.name}_{state.value}",
            ) from None

    def allows(self, state: S, action: A) -> bool:
        """True when the action would change the state."""
        target = self.table.get((state, action))
        return target is not None and not isinstance(target, Ignore)


def _past(action: StrEnum) -> str:
    word = action.value.replace("_", " ")
    if word.endswith("e"):
        return word + "d"
    return word if word.endswith("ed") else word + "ed"
