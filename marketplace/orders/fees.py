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


def without_commission(price: Money) -> Split:
    """A line that its seller brought the buyer for: all of it is theirs."""
    return Split(commission=Money(0, price.currency), seller=price)


def seller_part(price_cents: int, seller_cents: int, given_back: int) -> int:
    """What of ``given_back`` cents of a line's price the seller's share bears, over all refunds.

    Cumulative and rounded down: each refund takes the difference to what was borne before, and
    the last one what is left, so that no sequence of partial refunds drifts by a cent.

    Raises:
        ValueError: when more is given back than the line cost.
    """
    if not 0 <= given_back <= price_cents:
        raise ValueError("between nothing and the whole price is given back")
    return seller_cents * given_back // price_cents


@dataclass(frozen=True)
class Borne:
    """A sum given back, divided between the seller's share and the commission."""

    seller: int
    commission: int


def bear(
    price_cents: int, seller_cents: int, given_before: int, seller_before: int, cents: int
) -> Borne:
    """Who bears the next ``cents`` given back, after what was booked before.

    Measured against what was really booked and not against the formula's own past: a refund that
    failed between two others may have left the two a cent apart, and the next one mends that.
    """
    target = seller_part(price_cents, seller_cents, given_before + cents) - seller_before
    commission_left = (price_cents - seller_cents) - (given_before - seller_before)
    seller = min(max(target, cents - commission_left, 0), cents, seller_cents - seller_before)
    return Borne(seller=seller, commission=cents - seller)
