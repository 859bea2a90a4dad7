"""Every row of the failure matrix ends the same way: the books are Stripe's, to the cent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.fixtures.trading import Trade
from tests.unit.orders.failure_matrix.steps import Site, all_is_well


@pytest.fixture
def trade(trade: Trade) -> Iterator[Trade]:
    """A marketplace with a bank of its own; whatever a test does to them, they agree at the end."""
    yield trade
    all_is_well(trade)


@pytest.fixture
def site(_made_once: Flask, trade: Trade) -> Site:
    """The marketplace's pages and webhook endpoints, over the same database and bank."""
    _made_once.extensions["bracket"] = trade.services
    _made_once.config.update(WTF_CSRF_ENABLED=False)
    return Site(_made_once, trade)
