"""Means with intervals, for pictures on a grid of fills × seeds. Pure, and repeatable bit by bit.

Pictures that share a fill or a seed are not independent, so a plain bootstrap over pictures would
print intervals that are too narrow. The pigeonhole bootstrap (Owen, "The pigeonhole bootstrap",
Annals of Applied Statistics 1(2), 2007) draws rows and columns with replacement, each on its own;
its intervals are, if anything, too wide. Failure rates get the exact (Clopper-Pearson) interval.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb

CONFIDENCE = 0.95
RESAMPLES = 2_000
Cell = tuple[int, int]
"""(fill, seed column) of a picture, both from 0."""
_ROUNDS = 60  # halvings: far below what is printed


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with the ends of its interval; all three in the estimate's own unit."""

    value: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        """Rounded to four decimals, as it is stored and printed."""
        return {
            "value": round(self.value, 4),
            "low": round(self.low, 4),
            "high": round(self.high, 4),
        }


def mean_interval(version_id: str, cells: Sequence[Cell], values: Sequence[float]) -> Interval:
    """The mean of one number per picture.

    Args:
        cells, values: of equal length; a picture without a number is simply not among them.

    Raises:
        ValueError: without any value, or for unequal lengths.
    """
    if not values or len(cells) != len(values):
        raise ValueError("a mean needs one value per cell and at least one")

    def estimate(weights: Sequence[int]) -> float | None:
        total = sum(weights)
        if total == 0:
            return None
        return sum(w * value for w, value in zip(weights, values, strict=True)) / total

    return _bootstrap(f"{version_id}/mean", cells, estimate)


def spread_interval(
    version_id: str, cells: Sequence[Cell], distances: Sequence[Sequence[float]]
) -> Interval:
    """The mean distance between two different pictures.

    A picture drawn twice is no pair with itself: its distance of nought would make every
    resample look tighter than the sheet is.

    Args:
        distances: square and symmetric, one row per cell.

    Raises:
        ValueError: for fewer than two pictures, or a matrix of another size.
    """
    count = len(cells)
    if count < 2 or len(distances) != count or any(len(row) != count for row in distances):
        raise ValueError("a spread needs two pictures and a square matrix of their distances")
    pairs = [(i, j, distances[i][j]) for i in range(count) for j in range(i)]

    def estimate(weights: Sequence[int]) -> float | None:
        total = sum(weights[i] * weights[j] for i, j, _ in pairs)
        if total == 0:
            return None
        return sum(weights[i] * weights[j] * value for i, j, value in pairs) / total

    return _bootstrap(f"{version_id}/spread", cells, estimate)


def failure_interval(failed: int, total: int) -> Interval:
    """The share that failed, with its Clopper-Pearson interval.

    Raises:
        ValueError: unless 0 <= failed <= total and total > 0.
    """
    if total < 1 or not 0 <= failed <= total:
        raise ValueError("failed must be between 0 and a positive total")
    tail = (1 - CONFIDENCE) / 2
    low = 0.0 if failed == 0 else _solve(lambda p: 1 - _at_most(failed - 1, total, p), tail)
    high = 1.0 if failed == total else _solve(lambda p: 1 - _at_most(failed, total, p), 1 - tail)
    return Interval(failed / total, low, high)


def _bootstrap(
    label: str, cells: Sequence[Cell], estimate: Callable[[Sequence[int]], float | None]
) -> Interval:
    value = estimate([1] * len(cells))
    assert value is not None  # every weight is one
    rows, columns = 1 + max(row for row, _ in cells), 1 + max(column for _, column in cells)
    # Only random() is promised to give the same stream in every version of Python.
    seed = int.from_bytes(hashlib.sha256(label.encode()).digest())
    numbers = random.Random(seed)  # noqa: S311 - nothing secret is drawn
    found = []
    for _ in range(RESAMPLES):
        row_weights, column_weights = _drawn(numbers, rows), _drawn(numbers, columns)
        again = estimate([row_weights[row] * column_weights[column] for row, column in cells])
        if again is not None:
            found.append(again)
    found.sort()
    return Interval(value, _quantile(found, (1 - CONFIDENCE) / 2), _quantile(found, _UPPER))


_UPPER = 1 - (1 - CONFIDENCE) / 2


def _drawn(numbers: random.Random, count: int) -> list[int]:
    """How often each of ``count`` things came up in as many draws with replacement."""
    weights = [0] * count
    for _ in range(count):
        weights[int(numbers.random() * count)] += 1
    return weights


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Linear between neighbours (Hyndman and Fan's type 7)."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def _at_most(k: int, n: int, p: float) -> float:
    return sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1))


def _solve(rising: Callable[[float], float], target: float) -> float:
    """Where a rising function of a probability reaches ``target``."""
    low, high = 0.0, 1.0
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < target else (low, middle)
    return (low + high) / 2
