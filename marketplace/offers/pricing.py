"""Prices below the listed one: how far down, rounded how. Pure; the rules are stated only here."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.core.money import Money

FLOOR_CENTS = 99
"""No reduction brings a prompt below this: Stripe's own fee would eat up the rest."""
SMALLEST_CHARGE_CENTS = 50
"""Stripe takes no card payment below $0.50."""
MAX_PERCENT = 80


@dataclass(frozen=True)
class Reduction:
    """So many percent, or so many cents, off a price; exactly one of the two is given."""

    percent: int | None = None
    off_cents: int | None = None

    def __post_init__(self) -> None:
        if (self.percent is None) == (self.off_cents is None):
            raise ValueError("either percent or cents")

    def raw_price(self, list_cents: int) -> int:
        """The price after it, floor or not; a percentage off is rounded half up to the cent."""
        if self.percent is not None:
            return list_cents - (list_cents * self.percent + 50) // 100
        return list_cents - int(self.off_cents or 0)

    def price(self, list_cents: int) -> int:
        """The price after it in cents: at least the floor, never above the listed price."""
        return min(list_cents, max(FLOOR_CENTS, self.raw_price(list_cents)))

    def __str__(self) -> str:
        if self.percent is not None:
            return f"{self.percent} % off"
        return f"{Money(int(self.off_cents or 0))} off"


def shares(total: int, weights: list[int]) -> list[int]:
    """Divide a sum by weights, to the cent, by largest remainder; the shares add up to it.

    Of equal remainders the first takes the cent, so that the same question has one answer.

    Raises:
        ValueError: a negative sum, or no positive weight to divide by.
    """
    whole = sum(weights)
    if total < 0 or whole <= 0 or min(weights) < 0:
        raise ValueError("a sum is divided by positive weights")
    found = [total * weight // whole for weight in weights]
    remainders = [total * weight % whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda index: (-remainders[index], index))
    for index in order[: total - sum(found)]:
        found[index] += 1
    return found
