"""How many listings each value of each facet would show, under the other facets' choices.

Without words the counts are sums over the cube of search_counts (cube.py). With words they are
counted over the matches themselves, which are bounded.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from sqlalchemy.orm import Session

from marketplace.search.conditions import COLUMNS, Chosen, fits, value_of, values_of
from marketplace.search.cube import FACETS, cube_of
from marketplace.search.wanted import (
    CONSISTENCY_VALUES,
    RATING_VALUES,
    VARIABLES_VALUES,
    Facet,
)

_AT_LEAST = {
    Facet.CONSISTENCY: {value: value_of(Facet.CONSISTENCY, value) for value in CONSISTENCY_VALUES},
    Facet.RATING: {value: value_of(Facet.RATING, value) for value in RATING_VALUES},
}


@dataclass
class Counts:
    """Listings in all, and by facet and value; values that would show none may be missing."""

    total: int = 0
    by_facet: dict[Facet, dict[str, int]] = field(default_factory=dict)
    whole: dict[Facet, int] = field(default_factory=dict)
    """For each facet, how many listings there would be without its choice."""

    def of(self, facet: Facet, value: str) -> int:
        """Listings that the value would show."""
        return self.by_facet.get(facet, {}).get(value, 0)


def count_all(session: Session, chosen: Chosen, keep: float = 0.0) -> Counts:
    """Over every listing, as things are or were at most ``keep`` seconds ago."""
    return _sum(cube_of(session, keep).count(chosen))


def count_rows(rows: Iterable[Any], chosen: Chosen) -> Counts:
    """Over these rows, which have the columns of COLUMNS."""
    if not chosen:
        return _sum(_tallied(list(rows)))
    wanted = [
        (number, COLUMNS[facet], facet, values_of(facet, chosen[facet]))
        for number, facet in enumerate(FACETS)
        if facet in chosen
    ]
    sums: dict[tuple[int, Any, int], int] = defaultdict(int)
    names = list(COLUMNS.values())
    for row in rows:
        missed = [
            number
            for number, column, facet, values in wanted
            if not fits(facet, getattr(row, column), values)
        ]
        if len(missed) > 1:
            continue
        only = missed[0] + 1 if missed else 0
        for number, name in enumerate(names):
            if only in (0, number + 1):
                sums[number, getattr(row, name), only] += 1
    return _sum(
        (FACETS[number], value, only, count) for (number, value, only), count in sums.items()
    )


def _tallied(rows: Sequence[Any]) -> Iterable[tuple[Facet, Any, int, int]]:
    """Cells where nothing is chosen: value by value, counted column by column, which is faster."""
    if not rows:
        return
    names = [COLUMNS[facet] for facet in FACETS]
    for facet, values in zip(FACETS, zip(*map(attrgetter(*names), rows), strict=True), strict=True):
        for value, count in Counter(values).items():
            yield facet, value, 0, count


def has_all(row: Any, chosen: Chosen) -> bool:
    """Whether a row, which has the columns of COLUMNS, has what is chosen."""
    return all(
        fits(facet, getattr(row, COLUMNS[facet]), values_of(facet, texts))
        for facet, texts in chosen.items()
    )


def _sum(cells: Iterable[tuple[Facet, Any, int, int]]) -> Counts:
    """Cells of (facet, value, missed facet or 0, listings) to what a page shows.

    A cell counts for a facet when all fits, or when it is that very facet that does not fit.
    """
    counts = Counts(by_facet={facet: {} for facet in FACETS})
    totals: dict[Facet, int] = defaultdict(int)
    whole: dict[Facet, int] = defaultdict(int)
    for facet, value, missed, listings in cells:
        own = missed == FACETS.index(facet) + 1
        if missed not in (0, FACETS.index(facet) + 1):
            continue
        whole[facet] += listings
        totals[facet] += 0 if own else listings
        for text in _texts(facet, value):
            counts.by_facet[facet][text] = counts.by_facet[facet].get(text, 0) + listings
    counts.total = max(totals.values(), default=0)
    counts.whole = dict(whole)
    return counts


def _texts(facet: Facet, value: Any) -> Iterable[str]:
    """The values of a facet that a row with this column counts for."""
    if facet.is_at_least:
        return [text for text, band in _AT_LEAST[facet].items() if value >= band]
    if facet is Facet.VARIABLES:
        return VARIABLES_VALUES if value else ()
    return (str(value),)
