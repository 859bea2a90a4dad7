"""Everything from the beginning, in one go: what was checked bit by bit must add up as a whole."""

from __future__ import annotations

import json

from marketplace.orders import ledger_totals
from marketplace.orders.reconciliation import reconcile
from marketplace.orders.statements import seller_postings
from marketplace.payouts.statements import make_statement, months_of
from tests.properties.money.audit import LINES, Audit, check_lines
from tests.properties.money.rules import Rule, must
from tests.properties.money.town import Town

_ENTRIES = """
    SELECT e.external_id, COUNT(p.id)::int AS legs, COALESCE(SUM(p.amount_cents), 0)::int AS cents
    FROM ledger_entries e LEFT JOIN ledger_postings p ON p.entry_id = e.id
    GROUP BY e.id HAVING COUNT(p.id) < 2 OR SUM(p.amount_cents) <> 0"""
_ACCOUNTS = "SELECT account, SUM(amount_cents)::int AS cents FROM ledger_postings GROUP BY account"
_COUNT = "SELECT COUNT(*)::int AS n FROM ledger_entries"
_SELLERS = "SELECT DISTINCT seller_id FROM order_lines ORDER BY seller_id"
_ORDERS = "SELECT id FROM orders ORDER BY id"
_BANK = "SELECT body FROM objects WHERE kind = 'balance_transaction' AND account IS NULL"


def check_whole(town: Town, audit: Audit) -> None:
    """Every entry, account, line, seller and statement, and the marketplace's own reconciliation.

    Raises:
        Violation: a rule is broken.
    """
    broken = audit.rows(_ENTRIES)
    must(not broken, Rule.ENTRY_SUM, broken[:3])
    must(audit.rows(_COUNT)[0]["n"] == audit.entries, Rule.APPEND_ONLY, "entries are gone")
    accounts = {row["account"]: row["cents"] for row in audit.rows(_ACCOUNTS)}
    kept = {name: cents for name, cents in audit.accounts.items() if name in accounts or cents}
    must(accounts == kept, Rule.APPEND_ONLY, set(accounts.items()) ^ set(kept.items()))
    bank = sum(json.loads(row["body"])["net"] for row in town.world.store.rows(_BANK))
    booked = accounts.get("stripe_balance", 0)
    must(bank == audit.bank.total == booked, Rule.BOOKS_BANK, bank, audit.bank.total, booked)
    check_lines(audit.rows(LINES, [row["id"] for row in audit.rows(_ORDERS)]), audit.bank)
    sellers = [row["seller_id"] for row in audit.rows(_SELLERS)]
    audit.check_sellers(sellers)
    for seller_id in sellers:
        _check_statements(town, audit, seller_id)
    _check_own_word(town)


def _check_statements(town: Town, audit: Audit, seller_id: str) -> None:
    """Month follows upon month without a gap, and the last ends with what is owed."""
    owed = -audit.sellers.get(seller_id, 0)
    with town.clock.now(), town.work() as session:
        listed = sum(one.cents for one in seller_postings(session, seller_id, None, None))
        must(listed == owed, Rule.STATEMENT, seller_id, "listed", listed, "books", owed)
        closing = 0
        for month in reversed(months_of(session, seller_id)):
            statement = make_statement(session, seller_id, month)
            must(statement.opening_cents == closing, Rule.STATEMENT, seller_id, str(month))
            closing = statement.closing_cents
    must(closing == owed, Rule.STATEMENT, seller_id, "closing", closing, "books", owed)


def _check_own_word(town: Town) -> None:
    """What the marketplace itself says of its books."""
    with town.clock.now():
        found = reconcile(town.services, town.clock.moment.date())
        with town.work() as session:
            totals = ledger_totals.totals(session)
    named = [one.message for one in found.differences]
    must(not named, Rule.STATEMENT, "reconciliation", named[:5])
    sums = (found.ledger_cents, found.transactions_cents, found.balance_cents)
    must(len(set(sums)) == 1 and found.trial_cents == 0, Rule.STATEMENT, sums)
    must(totals.difference == 0, Rule.STATEMENT, totals)
