"""How many listings each value of each facet would show, under the other facets' choices.

Without words the counts are sums over the cube of search_counts (cube.py). With words they are
counted over the matches themselves, which are bounded.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from marketplace.search.conditions import Chosen, value_of
from marketplace.search.cube import FACETS, Cube
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


def count_all(cube: Cube, chosen: Chosen) -> Counts:
    """Over every listing."""
    return _sum(cube.count(chosen))


def count_cells(cube: Cube, cells: Iterable[int], chosen: Chosen) -> Counts:
    """Over rows of these cells, one for each row."""
    return _sum(cube.of(Counter(cells)).count(chosen))


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
