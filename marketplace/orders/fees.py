"""How a price is divided between Bracket and the seller. Pure; the rule is stated only here."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.core.money import Money, split_by_basis_points

COMMISSION_BASIS_POINTS = 2_000
"""Bracket keeps 20 %, rounded half up to the cent for each line; the seller gets the rest."""


@dataclass(frozen=True)
class Split:
    """A line's price in two parts that add up to it exactly."""

    commission: Money
    seller: Money


def split_price(price: Money) -> Split:
    """Divide one line's price.

    Raises:
        ValueError: when the price is not positive.
    """
    if price.cents <= 0:
        raise ValueError("a price is positive")
    commission, seller = split_by_basis_points(price, COMMISSION_BASIS_POINTS)
    return Split(commission=commission, seller=seller)
