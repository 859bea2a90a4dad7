"""The split of a price, to the cent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.money import Money
from marketplace.orders.fees import split_price


@pytest.mark.parametrize(
    ("price", "commission", "seller"), [(199, 40, 159), (299, 60, 239), (499, 100, 399)]
)
def test_the_prices_sellers_ask_most(price: int, commission: int, seller: int) -> None:
    split = split_price(Money(price))
    assert (split.commission, split.seller) == (Money(commission), Money(seller))


@given(st.integers(1, 10**9))
def test_the_parts_add_up_and_the_commission_is_a_fifth_rounded_half_up(price: int) -> None:
    split = split_price(Money(price))
    assert split.commission + split.seller == Money(price)
    assert split.commission.cents == (price * 2 + 5) // 10
    assert split.seller.cents >= 0


@pytest.mark.parametrize("price", [0, -1])
def test_nothing_is_sold_for_nothing(price: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        split_price(Money(price))
