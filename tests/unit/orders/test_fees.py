"""The split of a price, to the cent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.money import Money
from marketplace.orders.fees import Borne, bear, seller_part, split_price


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


@pytest.mark.parametrize("price", [199, 299, 499])
def test_every_next_part_of_every_refund_keeps_to_the_rule(price: int) -> None:
    """By induction no sequence of parts drifts: after each, the seller has borne what the rule says
    of the sum, however it came about; and of the whole price exactly the whole share."""
    share = split_price(Money(price)).seller.cents
    borne = [seller_part(price, share, given_back) for given_back in range(price + 1)]
    for before in range(price):
        for after in range(before + 1, price + 1):
            part = bear(price, share, before, borne[before], after - before)
            assert borne[before] + part.seller == borne[after]
            assert part.commission == after - before - part.seller >= 0
    assert borne[price] == share


@given(st.integers(1, 999), st.lists(st.tuples(st.integers(1, 400), st.booleans()), max_size=30))
def test_refunds_in_any_parts_some_failing_never_drift_a_cent(
    price: int, steps: list[tuple[int, bool]]
) -> None:
    """Each part is borne by the seller and the commission; a failed one is taken back as it was."""
    split = split_price(Money(price))
    seller_cents, commission_cents = split.seller.cents, split.commission.cents
    standing: list[tuple[int, Borne]] = []

    def sums() -> tuple[int, int]:
        return sum(cents for cents, _ in standing), sum(borne.seller for _, borne in standing)

    for wanted, one_fails in steps:
        given_back, from_seller = sums()
        cents = min(wanted, price - given_back)
        if cents:
            borne = bear(price, seller_cents, given_back, from_seller, cents)
            assert borne.seller + borne.commission == cents
            assert min(borne.seller, borne.commission) >= 0
            standing.append((cents, borne))
        given_back, from_seller = sums()
        assert from_seller <= seller_cents
        assert given_back - from_seller <= commission_cents
        assert abs(from_seller - seller_part(price, seller_cents, given_back)) <= len(standing)
        if one_fails and standing:
            standing.pop(len(standing) // 2)
    given_back, from_seller = sums()
    if given_back < price:
        rest = bear(price, seller_cents, given_back, from_seller, price - given_back)
        from_seller += rest.seller
    assert from_seller == seller_cents


@pytest.mark.parametrize("given_back", [-1, 300])
def test_no_more_than_the_price_is_given_back(given_back: int) -> None:
    with pytest.raises(ValueError, match="whole price"):
        seller_part(299, 239, given_back)
