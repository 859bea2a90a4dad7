"""The shortest sequence that still breaks the same rule: acts are left out while it does."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from marketplace.core.database import Database
from tests.properties.money.rules import Rule, Violation
from tests.properties.money.run import Run
from tests.properties.money.town import founded

Fresh = Callable[[str], Database]
"""An empty, migrated database under a name."""


def attempt(
    database: Database, seed: int, events: int, skip: set[int]
) -> tuple[Run, Violation | None]:
    """Run a seed without some of its acts; the violation it ends with, if any."""
    with founded(database, seed) as town:
        run = Run(town, seed, skip=skip)
        try:
            run.go(events)
        except Violation as violation:
            return run, violation
        finally:
            database.dispose()
    return run, None


def shortest(fresh: Fresh, seed: int, events: int, budget: int = 60) -> str:
    """Leave out ever smaller groups of acts for as long as the same rule is broken.

    Args:
        fresh: makes a database for each try.
        budget: how many tries at most.

    Returns what is left, in words.
    """
    numbers = count()
    run, violation = attempt(fresh(f"shrink_{next(numbers)}"), seed, events, set())
    if violation is None:
        return f"seed {seed} breaks nothing in {events} events"
    rule, last = violation.rule, run.chosen
    skip: set[int] = set()
    size = last // 2
    while size and budget:
        for first in range(1, last, size):
            group = set(range(first, min(first + size, last))) - skip
            if not group or not budget:
                continue
            budget -= 1
            _, found = attempt(fresh(f"shrink_{next(numbers)}"), seed, events, skip | group)
            if _same(found, rule):
                skip |= group
                violation = found
        size //= 2
    notes = "\n".join(getattr(violation, "__notes__", []))
    return f"{last - len(skip)} of {last} acts are enough:\n{violation}\n{notes}"


def _same(found: Violation | None, rule: Rule) -> bool:
    return found is not None and found.rule is rule
