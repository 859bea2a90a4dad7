"""Rules for every column that holds money, also for those that somebody adds later."""

from __future__ import annotations

import pytest
from sqlalchemy import BigInteger, CheckConstraint, Table

from marketplace.registry import METADATA


def amounts(table: Table) -> list[str]:
    names = [column.name for column in table.columns]
    return [name for name in names if name == "cents" or name.endswith("_cents")]


COPIES = {"search_documents"}
"""What is sorted by price; nobody is charged by it, and it is made anew from the listings."""
TABLES = [table for table in METADATA.sorted_tables if amounts(table) and table.name not in COPIES]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_amount_is_whole_cents_beside_its_currency(table: Table) -> None:
    assert {type(table.columns[name].type) for name in amounts(table)} == {BigInteger}
    assert "currency" in table.columns
    assert not table.columns["currency"].nullable
    if table.name != "seller_payouts":  # not our money: shown in whatever Stripe paid it out
        checks = [str(one.sqltext) for one in table.constraints if isinstance(one, CheckConstraint)]
        assert "currency = 'usd'" in checks
