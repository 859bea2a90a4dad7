"""Money as integer minor units with its currency beside it; no floats anywhere."""

from __future__ import annotations

import re
from dataclasses import dataclass

CURRENCY = "usd"
BASIS_POINTS = 10_000


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in minor units (cents) of one currency."""

    cents: int
    currency: str = CURRENCY

    def __post_init__(self) -> None:
        if not isinstance(self.cents, int) or isinstance(self.cents, bool):
            raise TypeError("money is counted in whole cents")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.cents + other.cents, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.cents - other.cents, self.currency)

    def __str__(self) -> str:
        sign = "-" if self.cents < 0 else ""
        return f"{sign}${abs(self.cents) // 100}.{abs(self.cents) % 100:02d}"

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise ValueError(f"cannot mix {self.currency} and {other.currency}")


_PRICE = re.compile(r"\$?\s*([0-9]{1,6})(?:[.,]([0-9]{1,2}))?")


def parse_price(text: str) -> Money:
    """Read what a person typed as a price in dollars.

    Raises:
        ValueError: with a sentence that says how to write it.
    """
    match = _PRICE.fullmatch(text.strip())
    if match is None:
        raise ValueError("Write the price in dollars and whole cents, for example 2.99.")
    dollars, cents = match.group(1), (match.group(2) or "0").ljust(2, "0")
    return Money(int(dollars) * 100 + int(cents))


def split_by_basis_points(amount: Money, basis_points: int) -> tuple[Money, Money]:
    """Split into (share, remainder); the share is rounded half up, the sum is exact."""
    share = (amount.cents * basis_points + BASIS_POINTS // 2) // BASIS_POINTS
    return Money(share, amount.currency), Money(amount.cents - share, amount.currency)
