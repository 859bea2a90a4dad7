"""Intervals: honest about pictures that share a fill or a seed, and the same every time."""

from __future__ import annotations

import random
from itertools import product

import pytest

from marketplace.verification.consistency.statistics import (
    failure_interval,
    mean_interval,
    spread_interval,
)
from tests.late import Late

stats = Late("scipy.stats")

GRID = list(product(range(4), range(3)))


def test_the_same_version_gets_the_same_interval() -> None:
    values = [0.1 * index for index in range(12)]
    first = mean_interval("version", GRID, values)
    assert first == mean_interval("version", GRID, values)
    assert first != mean_interval("another", GRID, values)
    assert first.value == pytest.approx(sum(values) / 12)
    assert first.low < first.value < first.high


def test_equal_values_leave_no_doubt() -> None:
    interval = mean_interval("version", GRID, [0.75] * 12)
    assert (interval.low, interval.value, interval.high) == pytest.approx((0.75, 0.75, 0.75))


def test_pictures_of_one_fill_count_as_one_opinion() -> None:
    """All of the variation lies between fills: a plain bootstrap over pictures is too sure."""
    values = [float(row) for row, _ in GRID]
    interval = mean_interval("version", GRID, values)
    plain = stats.bootstrap(
        (values,), lambda x, axis: x.mean(axis=axis), method="percentile", rng=1
    ).confidence_interval
    assert interval.high - interval.low > 1.3 * (plain.high - plain.low)


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    """Random fill and seed effects around a known mean; the bootstrap may be too careful only."""
    numbers = random.Random(5)
    cells = list(product(range(5), range(5)))
    covered = 0
    for trial in range(16):
        rows = [numbers.gauss(0, 1) for _ in range(5)]
        columns = [numbers.gauss(0, 1) for _ in range(5)]
        values = [rows[a] + columns[b] + numbers.gauss(0, 0.5) for a, b in cells]
        interval = mean_interval(f"trial {trial}", cells, values)
        covered += interval.low <= 0 <= interval.high
    assert covered >= 12


def test_a_picture_drawn_twice_is_no_pair() -> None:
    """With one distance between all pictures, every resample must find just that distance."""
    distances = [[0.0 if i == j else 0.4 for j in range(12)] for i in range(12)]
    interval = spread_interval("version", GRID, distances)
    assert (interval.low, interval.value, interval.high) == pytest.approx((0.4, 0.4, 0.4))


@pytest.mark.parametrize(("failed", "total"), [(0, 12), (1, 12), (6, 12), (12, 12), (3, 64)])
def test_failure_rates_have_the_exact_interval(failed: int, total: int) -> None:
    interval = failure_interval(failed, total)
    exact = stats.binomtest(failed, total).proportion_ci(0.95, method="exact")
    assert interval.value == failed / total
    assert (interval.low, interval.high) == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_nothing_measured_is_an_error_not_a_nought() -> None:
    with pytest.raises(ValueError, match="at least one"):
        mean_interval("version", [], [])
    with pytest.raises(ValueError, match="two pictures"):
        spread_interval("version", GRID[:1], [[0.0]])
    with pytest.raises(ValueError, match="two pictures"):
        spread_interval("version", GRID[:2], [[0.0, 1.0]])
    with pytest.raises(ValueError, match="failed"):
        failure_interval(2, 1)
