"""The rules after every event: what is new is checked against what it touches."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from tests.properties.money.bank import Bank, Movement
from tests.properties.money.rules import Rule, must
from tests.properties.money.town import Town

_NEW_ENTRIES = """
    SELECT e.id, e.external_id, e.order_id, p.account, p.amount_cents, p.line_id, l.seller_id
    FROM ledger_entries e LEFT JOIN ledger_postings p ON p.entry_id = e.id
    LEFT JOIN order_lines l ON l.id = p.line_id
    WHERE e.created_at > %s ORDER BY e.created_at, e.id"""
_TOUCHED = "SELECT DISTINCT order_id FROM order_events WHERE at > %s"
LINES = """
    SELECT o.id AS order_id, o.state, o.charge_id, o.paid_at, o.total_cents, o.tax_cents,
      o.refunded_cents AS order_refunded, o.buyer_id, o.arrived_cents,
      l.id, l.listing_id, l.seller_id, l.price_cents, l.commission_cents, l.seller_cents,
      l.discount_cents, l.referred, l.bundle_id,
      l.refunded_cents, l.refunded_seller_cents, l.refunded_tax_cents, l.tax_cents AS line_tax,
      l.transferred_cents, l.netted_cents, l.reversed_cents, l.recovered_cents, l.transfer_state,
      e.state AS right_state,
      sent.*, back.*, given.*, taken.*
    FROM orders o JOIN order_lines l ON l.order_id = o.id
    LEFT JOIN entitlements e ON e.line_id = l.id
    CROSS JOIN LATERAL (SELECT
      COALESCE(SUM(cents) FILTER (WHERE kind = 'transfer' AND state = 'done'), 0)::int AS sent,
      COALESCE(SUM(cents) FILTER (WHERE kind = 'netting'), 0)::int AS netted
      FROM line_transfers WHERE line_id = l.id) sent
    CROSS JOIN LATERAL (SELECT
      COALESCE(SUM(cents) FILTER (WHERE state = 'done'), 0)::int AS back,
      COALESCE(SUM(recovered_cents), 0)::int AS recovered,
      COALESCE(SUM(written_off_cents), 0)::int AS written_off,
      COALESCE(SUM(cents - recovered_cents) FILTER (WHERE state = 'refused'), 0)::int AS debt
      FROM transfer_reversals WHERE line_id = l.id) back
    CROSS JOIN LATERAL (SELECT
      COALESCE(SUM(cents) FILTER (WHERE state NOT IN ('failed', 'canceled')), 0)::int AS standing,
      COALESCE(SUM(cents) FILTER (WHERE booked_at IS NULL AND state NOT IN
        ('failed', 'canceled', 'manual')), 0)::int AS decided,
      COALESCE(SUM(cents) FILTER (WHERE booked_at IS NOT NULL AND undone_at IS NULL), 0)::int
        AS booked,
      COALESCE(SUM(seller_cents) FILTER (WHERE booked_at IS NOT NULL AND undone_at IS NULL), 0)::int
        AS borne,
      COALESCE(SUM(cents + tax_cents) FILTER (WHERE state = 'manual'), 0)::int AS by_hand,
      COUNT(*)::int AS refunds
      FROM refunds WHERE line_id = l.id) given
    CROSS JOIN LATERAL (SELECT
      COALESCE(bool_or(p.lost AND NOT p.returned), false) AS lost,
      COALESCE(bool_or(NOT p.lost AND NOT p.returned), false) AS disputed,
      COALESCE(SUM(p.seller_cents) FILTER (WHERE NOT p.returned), 0)::int AS kept_back
      FROM dispute_lines p WHERE p.line_id = l.id) taken
    WHERE o.id = ANY(%s) ORDER BY o.id, l.position"""
SELLERS = """
    SELECT s.id, COALESCE(f.owed, 0)::int AS owed, COALESCE(f.netted, 0)::int AS netted,
      COALESCE(f.recovered, 0)::int AS recovered, COALESCE(lost.cents, 0)::int AS lost,
      COALESCE(w.cents, 0)::int AS written_off
    FROM unnest(%s::text[]) AS s(id)
    CROSS JOIN LATERAL (SELECT SUM(l.seller_cents - l.refunded_seller_cents
        - l.transferred_cents + l.reversed_cents) AS owed,
      SUM(l.netted_cents) AS netted, SUM(l.recovered_cents) AS recovered
      FROM order_lines l JOIN orders o ON o.id = l.order_id
      WHERE l.seller_id = s.id AND o.paid_at IS NOT NULL) f
    CROSS JOIN LATERAL (SELECT SUM(p.seller_cents) AS cents FROM dispute_lines p
      JOIN order_lines l ON l.id = p.line_id
      WHERE l.seller_id = s.id AND p.lost AND NOT p.returned) lost
    CROSS JOIN LATERAL (SELECT SUM(cents - taken_back_cents) AS cents
      FROM write_offs WHERE seller_id = s.id) w"""
_ROWS = {
    "transfer": "SELECT line_id || '/' || attempt AS row FROM line_transfers"
    " WHERE state = 'pending' AND line_id || '/' || attempt = ANY(%s)"
    " AND line_id = ANY(SELECT split_part(one, '/', 1) FROM unnest(%s::text[]) AS one)",
    "transfer_refund": "SELECT id AS row FROM transfer_reversals"
    " WHERE state = 'pending' AND id = ANY(%s)",
    "refund": "SELECT id AS row FROM refunds WHERE booked_at IS NULL AND id = ANY(%s)"
    " AND state IN ('requested', 'submitted', 'pending', 'requires_action')",
    "charge": "SELECT id AS row FROM orders WHERE id = ANY(%s)"
    " AND state IN ('draft', 'awaiting_payment', 'expired')",
    "fee": "SELECT id AS row FROM orders WHERE id = ANY(%s) AND stripe_fee_cents IS NULL",
}
"""Where the row must be that stands for a call of ours which the books do not know yet."""
_OVERUSED = """
    SELECT c.id, c.max_uses, c.max_per_buyer, u.buyer_id, u.own, u.total
    FROM discount_codes c CROSS JOIN LATERAL (
      SELECT o.buyer_id, COUNT(DISTINCT o.id) AS own, SUM(COUNT(DISTINCT o.id)) OVER () AS total
      FROM order_lines l JOIN orders o ON o.id = l.order_id
      WHERE l.code_id = c.id
        AND (o.paid_at IS NOT NULL OR o.state IN ('draft', 'awaiting_payment'))
      GROUP BY o.buyer_id) u
    WHERE u.own > c.max_per_buyer OR u.total > c.max_uses"""
SOLD = frozenset({"paid", "partially_refunded", "refunded", "disputed", "charged_back"})
Row = dict[str, Any]


class Audit:
    """Keeps the books a second time, from the entries alone, and compares after each event."""

    def __init__(self, town: Town) -> None:
        self._town, self.bank = town, Bank(town.world)
        self._cursor = town.books.cursor(row_factory=dict_row)
        self._since = town.clock.moment
        self.accounts: dict[str, int] = {}
        self.sellers: dict[str, int] = {}
        """What each seller's entries add up to, shares in dispute included; + debit."""
        self.unbooked: dict[str, Movement] = {}
        self.sales: dict[str, int] = {}
        self.entries = 0
        self.touched: list[str] = []

    def rows(self, query: str, *values: object) -> list[Row]:
        """Look something up."""
        return self._cursor.execute(query, values).fetchall()  # type: ignore[call-overload]

    def check(self) -> None:
        """Everything that the last event can have changed.

        Raises:
            Violation: a rule is broken.
        """
        for movement in self.bank.news():
            self.unbooked[movement.name] = movement
        orders, sellers = self._read_entries()
        orders |= {row["order_id"] for row in self.rows(_TOUCHED, self._since)}
        orders |= self.bank.touched
        self.bank.touched.clear()
        self._since = self._town.clock.moment
        self._compare()
        self.touched = sorted(orders)
        if orders:
            lines = self.rows(LINES, self.touched)
            check_lines(lines, self.bank)
            self.check_codes()
            sellers |= {line["seller_id"] for line in lines}
        if sellers:
            self.check_sellers(sorted(sellers))

    def _read_entries(self) -> tuple[set[str], set[str]]:
        """Take over new entries; returns the orders and sellers that they concern."""
        orders, sellers = set(), set()
        sums: dict[str, int] = {}
        moved: dict[str, int] = {}
        for leg in self.rows(_NEW_ENTRIES, self._since):
            name, account, cents = leg["external_id"], leg["account"], leg["amount_cents"]
            must(account is not None, Rule.ENTRY_SUM, name, "has no legs")
            sums[name] = sums.get(name, 0) + cents
            self.accounts[account] = self.accounts.get(account, 0) + cents
            if account == "stripe_balance":
                moved[name] = moved.get(name, 0) + cents
            seller = _seller_of(leg)
            if seller is not None:
                if name.startswith("charge:"):
                    self.sales[seller] = self.sales.get(seller, 0) + 1
                self.sellers[seller] = self.sellers.get(seller, 0) + cents
                sellers.add(seller)
            if leg["order_id"]:
                orders.add(leg["order_id"])
        self.entries += len(sums)
        for name, cents in sums.items():
            must(cents == 0, Rule.ENTRY_SUM, name, "sums to", cents)
        for name, cents in moved.items():
            known = self.unbooked.pop(name, None)
            must(
                known is not None, Rule.BOOKS_BANK, name, "is booked, the bank knows no such thing"
            )
            if known is not None:
                must(known.cents == cents, Rule.BOOKS_BANK, name, cents, "booked of", known.cents)
        return orders, sellers

    def _compare(self) -> None:
        """Books and bank may differ by what is named, and every name must be a row's."""
        open_cents = sum(one.cents for one in self.unbooked.values())
        booked = self.accounts.get("stripe_balance", 0)
        must(
            booked + open_cents == self.bank.total,
            Rule.BOOKS_BANK,
            booked,
            open_cents,
            self.bank.total,
        )
        asked: dict[str, list[str]] = {}
        for one in self.unbooked.values():
            if one.row and not (one.kind == "fee" and f"charge:{one.row}" in self.unbooked):
                asked.setdefault(one.kind, []).append(one.row)
        for kind, wanted in asked.items():
            values = [wanted] * _ROWS[kind].count("%s")
            found = {row["row"] for row in self.rows(_ROWS[kind], *values)}
            must(found >= set(wanted), Rule.NAMED, kind, sorted(set(wanted) - found))

    def check_codes(self) -> None:
        """No code is used more often than it may be, by all or by one buyer."""
        for row in self.rows(_OVERUSED):
            must(False, Rule.CODE_USES, row)

    def check_sellers(self, seller_ids: Iterable[str]) -> None:
        """Accounts of sellers against their lines."""
        for row in self.rows(SELLERS, list(seller_ids)):
            debit = self.sellers.get(row["id"], 0)
            said = row["lost"] - row["owed"] - row["written_off"]
            must(debit == said, Rule.SELLER_BOOKS, row["id"], "books", debit, "lines", said)
            settled = row["netted"] + row["written_off"]
            must(settled == row["recovered"], Rule.DEBT, row)

    @property
    def since(self) -> datetime:
        """Up to when everything has been checked."""
        return self._since


def check_lines(lines: Iterable[Row], bank: Bank) -> None:
    """Rules of lines that hold at any moment."""
    for line in lines:
        who = f"line {line['id']} of {line['order_id']} ({line['state']}, {line['transfer_state']})"
        _check_sums(line, who)
        _check_once(line, bank, who)
        _check_right(line, bank, who)


def _check_sums(line: Row, who: str) -> None:
    half_up = 0 if line["referred"] else (line["price_cents"] * 2000 + 5000) // 10000
    must(line["commission_cents"] == half_up, Rule.COMMISSION, who)
    must(line["price_cents"] == half_up + line["seller_cents"], Rule.COMMISSION, who)
    lowest = 1 if line["bundle_id"] else min(99, line["price_cents"] + line["discount_cents"])
    must(line["price_cents"] >= lowest and line["discount_cents"] >= 0, Rule.REDUCED, who)
    must(line["transferred_cents"] == line["sent"], Rule.LINE_SUMS, who, "transfers")
    must(line["netted_cents"] == line["netted"], Rule.LINE_SUMS, who, "netting")
    must(line["reversed_cents"] == line["back"], Rule.LINE_SUMS, who, "reversals")
    must(line["recovered_cents"] == line["recovered"], Rule.LINE_SUMS, who, "recovered")
    must(line["refunded_cents"] == line["booked"], Rule.LINE_SUMS, who, "refunds")
    must(line["refunded_seller_cents"] == line["borne"], Rule.LINE_SUMS, who, "borne")
    must(line["debt"] >= 0, Rule.DEBT, who)
    taken = line["refunded_seller_cents"] + line["kept_back"]
    must(taken <= line["seller_cents"], Rule.REFUNDED_TWICE, who, "of the seller", taken)


def _check_once(line: Row, bank: Bank, who: str) -> None:
    paid = bank.lines.get(line["id"])
    if paid is not None:
        # What was kept back for an older debt, or was recovered from a later sale, is paid there.
        has = paid.to_seller + line["netted"] - (line["recovered"] - line["written_off"])
        fits = paid.to_seller >= 0 and has <= line["seller_cents"]
        must(fits, Rule.PAID_TWICE, who, paid.to_seller, has, "of", line["seller_cents"])
        price = line["price_cents"] + line["line_tax"]
        back = paid.to_buyer + line["by_hand"]
        must(0 <= back <= price, Rule.REFUNDED_TWICE, who, back, "of", price)
    must(line["standing"] <= line["price_cents"], Rule.REFUNDED_TWICE, who, line["standing"])


def _check_right(line: Row, bank: Bank, who: str) -> None:
    right = line["right_state"]
    if right is None or right == "revoked":
        return
    charge = bank.charges.get(line["charge_id"] or "")
    wanted = (line["order_id"], line["total_cents"] + line["tax_cents"])
    must(charge == wanted and line["state"] in SOLD, Rule.UNPAID_RIGHT, who, charge)
    given = line["standing"] >= line["price_cents"]
    must(not given and not line["lost"], Rule.KEPT_RIGHT, who, right)


def _seller_of(leg: Row) -> str | None:
    """Whose money a leg concerns."""
    account = leg["account"]
    if account.startswith("seller_payable:"):
        return str(account.partition(":")[2])
    return leg["seller_id"] if account.startswith("seller_held:") else None
