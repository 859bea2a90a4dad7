"""Money in whole cents, and what people type as a price."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.money import Money, parse_price, split_by_basis_points


@given(st.integers(1, 10_000_000), st.integers(0, 10_000))
def test_a_split_loses_no_cent(cents: int, basis_points: int) -> None:
    share, rest = split_by_basis_points(Money(cents), basis_points)
    assert share + rest == Money(cents)
    assert abs(share.cents * 10_000 - cents * basis_points) <= 5_000


@pytest.mark.parametrize(("cents", "share"), [(199, 40), (299, 60), (499, 100)])
def test_twenty_percent_is_rounded_half_up(cents: int, share: int) -> None:
    assert split_by_basis_points(Money(cents), 2_000) == (Money(share), Money(cents - share))


@pytest.mark.parametrize(
    ("text", "cents"), [("2.99", 299), ("$2.99", 299), (" 3 ", 300), ("4,5", 450), ("10000", 10**6)]
)
def test_prices_are_read_exactly(text: str, cents: int) -> None:
    assert parse_price(text) == Money(cents)


@pytest.mark.parametrize("text", ["1.989", "abc", "", "-1", "1e3", "2.99 €", "٢.٩٩", "2.", ".99"])
def test_other_prices_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"for example 2\.99"):
        parse_price(text)


def test_currencies_do_not_mix_and_floats_are_no_money() -> None:
    with pytest.raises(ValueError, match="cannot mix"):
        Money(1) + Money(1, "eur")
    with pytest.raises(TypeError, match="whole cents"):
        Money(1.5)  # type: ignore[arg-type]
