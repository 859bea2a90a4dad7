"""Wald's limits, exact bounds against known values, and an order nobody can guess."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from marketplace.verification.sprt import (
    bernoulli_llr,
    lower_bound,
    normal_shift_llr,
    sample_order,
    upper_bound,
    wald_bounds,
)


def test_walds_limits():
    bounds = wald_bounds(1e-3, 1e-2)
    assert bounds.accept == pytest.approx(6.8977, abs=1e-4)
    assert bounds.reject == pytest.approx(-4.6042, abs=1e-4)


def test_two_matches_accept_and_two_misses_reject_at_the_textbook_rates():
    bounds = wald_bounds()
    match, miss = bernoulli_llr(0.95, 0.01), bernoulli_llr(0.05, 0.99)
    assert match < bounds.accept < 2 * match
    assert miss > bounds.reject > 2 * miss


@pytest.mark.parametrize(
    ("events", "trials", "expected"),
    [
        # 1 - 0.05 ** (1 / n) for no event; the others from scipy.stats.beta.ppf.
        (0, 3000, 1 - 0.05 ** (1 / 3000)),
        (0, 10, 1 - 0.05**0.1),
        (1, 100, 0.04655981),
        (5, 50, 0.19883300),
        (10, 10, 1.0),
    ],
)
def test_the_exact_upper_bound(events, trials, expected):
    assert upper_bound(events, trials) == pytest.approx(expected, abs=1e-6)


def test_the_lower_bound_mirrors_the_upper_one():
    assert lower_bound(97, 100) == pytest.approx(1 - upper_bound(3, 100))
    assert lower_bound(0, 100) == 0.0
    assert upper_bound(3000, 100_000) == pytest.approx(0.03090, abs=2e-5)


@pytest.mark.parametrize(("events", "trials"), [(-1, 5), (6, 5), (0, 0)])
def test_no_proportion_no_bound(events, trials):
    with pytest.raises(ValueError, match="no proportion"):
        upper_bound(events, trials)


@pytest.mark.parametrize("rate", [0.0, -0.1, 1.1])
def test_a_probability_is_positive_and_at_most_one(rate):
    with pytest.raises(ValueError, match="probabilities"):
        bernoulli_llr(rate, 0.5)


def test_a_normal_shift_speaks_for_the_nearer_mean():
    assert normal_shift_llr(0.0, 2.0) == 2.0
    assert normal_shift_llr(2.0, 2.0) == -2.0
    assert normal_shift_llr(1.0, 2.0) == 0.0


def test_the_order_is_a_permutation_that_the_secret_alone_decides():
    ids = [f"sample-{n}" for n in range(6)]
    order = sample_order(b"secret", ids)
    assert sorted(order) == ids
    assert sample_order(b"secret", reversed(ids)) == order
    assert sample_order(b"another", ids) != order


def test_every_sample_comes_first_equally_often():
    ids = ["a", "b", "c", "d"]
    first = Counter(sample_order(str(n).encode(), ids)[0] for n in range(2000))
    expected = 500
    chi_square = sum((first[name] - expected) ** 2 / expected for name in ids)
    assert chi_square < 16.3  # 99.9 % quantile, 3 degrees of freedom


def test_an_order_without_a_secret_would_be_the_sellers():
    with pytest.raises(ValueError, match="secret"):
        sample_order(b"", ["a"])


def test_bounds_cover_what_they_promise():
    """Of all outcomes of 40 trials at 5 %, the bound misses the truth in at most 5 % by weight."""
    trials, truth = 40, 0.05
    missed = sum(
        math.comb(trials, k) * truth**k * (1 - truth) ** (trials - k)
        for k in range(trials + 1)
        if upper_bound(k, trials) < truth
    )
    assert missed <= 0.05
