"""What a price leaves its seller, shown before they choose one: listings lies below and asks so."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask

from marketplace.core.money import Money
from marketplace.listings.models import MAX_PRICE_CENTS, MIN_PRICE_CENTS
from marketplace.orders.fees import split_price

STEP_CENTS = 50


@dataclass(frozen=True)
class NetPrice:
    """One price and its two parts."""

    price: Money
    commission: Money
    seller: Money

    @property
    def typed(self) -> str:
        """As a seller would type it."""
        return str(self.price).removeprefix("$")


def net_price(cents: int) -> NetPrice:
    """A price, Bracket's part of it and the seller's, each exact to the cent."""
    price = Money(cents)
    split = split_price(price)
    return NetPrice(price, split.commission, split.seller)


def net_prices() -> list[NetPrice]:
    """The usual prices of the shop, from the lowest to the highest."""
    usual = range(MIN_PRICE_CENTS, MAX_PRICE_CENTS + 1, STEP_CENTS)
    return [net_price(cents) for cents in sorted({*usual, MAX_PRICE_CENTS})]


def init_net_prices(app: Flask) -> None:
    """Let templates call net_prices()."""
    app.jinja_env.globals["net_prices"] = net_prices
