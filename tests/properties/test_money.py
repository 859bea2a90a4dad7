"""Money stays exact through random sequences of everything that can happen to it.

A few hundred events by default. `MONEY_EVENTS=20000 MONEY_SEEDS=1 .venv/bin/python -m pytest
tests/properties/test_money.py` makes it twenty thousand; `make bench-ledger` many more.
"""

from __future__ import annotations

import os

import pytest

from marketplace.core.database import Database
from tests.properties.money.run import Run
from tests.properties.money.town import founded
from tests.properties.money.whole import check_whole

EVENTS = int(os.environ.get("MONEY_EVENTS", "200"))
SEEDS = int(os.environ.get("MONEY_SEEDS", "2"))
FIRST_SEED = int(os.environ.get("MONEY_FIRST_SEED", "1"))
PAID_FOR_LESS = """
    SELECT COUNT(l.sale_id)::int AS in_sale, COUNT(l.code_id)::int AS by_code,
           COUNT(l.bundle_id)::int AS in_bundle, COUNT(*)::int AS paid
    FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE o.paid_at IS NOT NULL"""


@pytest.mark.timeout(240 + EVENTS // 4)
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + SEEDS))
def test_every_cent_is_accounted_for_after_every_event(town_database: Database, seed: int) -> None:
    with founded(town_database, seed) as town:
        run = Run(town, seed)
        run.go(EVENTS)
        check_whole(town, run.audit)
        assert run.events >= EVENTS
        assert run.audit.entries > 0
        less = run.audit.rows(PAID_FOR_LESS)[0]
        assert sum(less.values()) > less["paid"], "nobody paid less: sales and codes were not tried"
        print(f"seed {seed}: {run.events} events, {run.audit.entries} ledger entries, {less}")
