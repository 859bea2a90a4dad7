"""The steps in which prices, consistency and ratings can be chosen. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

PRICE_EDGES = (250, 300, 400)
"""Cents; band 0 lies below the first edge, each band holds its lower edge."""
CONSISTENCY_EDGES = (0, 50, 75, 90)
"""Percent; band 0 is "not measured"."""
RATING_EDGES = (0.0, 3.0, 4.0, 4.5)
"""Stars; band 0 is "not rated"."""


def band_of(value: float | None, edges: Sequence[float]) -> int:
    """The band of a value; nothing belongs to band 0. PostgreSQL's width_bucket says the same."""
    return 0 if value is None else bisect_right(edges, value)
