"""What can happen: a table of acts with how often each comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.properties.money.town import Town

Act = Callable[[Town, Random], str]
"""Does something and says what, for the journal; "" where there was nothing to do."""


@dataclass(frozen=True)
class Entry:
    """An act, its share among all, and whether processes of the marketplace take part."""

    act: Act
    weight: float
    ours: bool


ACTS: dict[str, Entry] = {}


def act(weight: float, *, ours: bool = True) -> Callable[[Act], Act]:
    """Register an act under its function's name.

    Args:
        ours: whether our own processes do it, so that they may die in the middle.
    """

    def register(function: Act) -> Act:
        ACTS[function.__name__] = Entry(function, weight, ours)
        return function

    return register
