"""Reductions and shares: exact, with a floor, the same for the same question."""

from __future__ import annotations

from random import Random

import pytest

from marketplace.offers.pricing import FLOOR_CENTS, Reduction, shares


@pytest.mark.parametrize(
    ("reduction", "listed", "price"),
    [
        (Reduction(percent=20), 299, 239),  # 59.8 cents off are 60
        (Reduction(percent=50), 199, 99),  # 99.5 are 100
        (Reduction(percent=1), 199, 197),
        (Reduction(percent=80), 199, FLOOR_CENTS),
        (Reduction(off_cents=100), 299, 199),
        (Reduction(off_cents=400), 299, FLOOR_CENTS),
        (Reduction(off_cents=1), 60, 60),  # never above what is listed
    ],
)
def test_a_reduction_in_cents(reduction: Reduction, listed: int, price: int) -> None:
    assert reduction.price(listed) == price


def test_a_reduction_is_one_of_two() -> None:
    for wrong in ({}, {"percent": 5, "off_cents": 5}):
        with pytest.raises(ValueError, match="either"):
            Reduction(**wrong)
    assert [str(Reduction(percent=20)), str(Reduction(off_cents=50))] == ["20 % off", "$0.50 off"]


def test_shares_add_up_and_follow_their_weights() -> None:
    rng = Random(7)
    for _ in range(2_000):
        weights = [rng.randint(199, 499) for _ in range(rng.randint(1, 10))]
        total = rng.randint(0, sum(weights))
        found = shares(total, weights)
        assert sum(found) == total
        exact = [total * weight / sum(weights) for weight in weights]
        assert all(abs(one - wanted) < 1 for one, wanted in zip(found, exact, strict=True))


def test_the_first_of_equals_takes_the_cent() -> None:
    assert shares(200, [1, 1, 1]) == [67, 67, 66]
    assert shares(1, [5, 5]) == [1, 0]
    for wrong in ([], [0, 0], [-1, 2]):
        with pytest.raises(ValueError, match=r"positive weights|empty"):
            shares(1, wrong)
