"""The bank's own movements, read once each, and who should have booked them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.properties.money.rules import Rule, must

_NEW = (
    "SELECT seq, body FROM objects WHERE kind = 'balance_transaction' AND account IS NULL"
    " AND seq > ? ORDER BY seq"
)
_BALANCE = "SELECT COALESCE(SUM(net), 0) AS n FROM sums WHERE account = '' AND currency = 'usd'"


@dataclass(frozen=True)
class Movement:
    """What one booking should move, and the row of ours that asked for it."""

    name: str
    cents: int
    kind: str
    row: str
    """order, line/attempt, refund or reversal; "" for what the bank does by itself."""


@dataclass
class Paid:
    """What the bank has moved for one line."""

    to_seller: int = 0
    to_buyer: int = 0


class Bank:
    """Reads what is new at the bank. Nothing of the marketplace's reading is used."""

    def __init__(self, world: Any) -> None:
        self._store = world.store
        self._seq = 0
        self.total = 0
        self.charges: dict[str, tuple[str, int]] = {}
        """Order and cents of each charge."""
        self.lines: dict[str, Paid] = {}
        self.touched: set[str] = set()
        """Orders whose money has moved since somebody emptied this."""

    def news(self) -> list[Movement]:
        """Movements since the last time."""
        found: list[Movement] = []
        for row in self._store.rows(_NEW, self._seq):
            self._seq = row["seq"]
            line = json.loads(row["body"])
            self.total += line["net"]
            must(line["net"] == line["amount"] - line["fee"], Rule.BANK_SUM, line["id"])
            found += self._read(line)
        balance = int(self._store.rows(_BALANCE)[0]["n"])
        must(balance == self.total, Rule.BANK_SUM, balance, self.total)
        return [one for one in found if one.cents]

    def _read(self, line: dict[str, Any]) -> list[Movement]:
        kind, source, net = line["type"], line["source"] or "", line["net"]
        if kind == "charge":
            return self._charge(line, source)
        if kind == "transfer":
            made = self._store.find(source)
            data = made["metadata"]
            self._paid(data).to_seller -= net
            self.touched.add(made["transfer_group"].removeprefix("order_"))
            return [Movement(f"transfer:{source}", net, kind, _attempt(data))]
        if kind == "transfer_refund":
            made = self._store.find(source)
            self._paid(self._store.find(made["transfer"])["metadata"]).to_seller -= net
            row = made["metadata"]["reversal_row"]
            return [Movement(f"reversal:{source}", net, kind, row)]
        if kind in ("refund", "refund_failure"):
            data = self._store.find(source)["metadata"]
            self._paid(data).to_buyer -= net
            self.touched.add(data["order_id"])
            name = "refund" if kind == "refund" else "refund_failed"
            row = data["refund_row"] if kind == "refund" else ""
            return [Movement(f"{name}:{source}", net, kind, row)]
        names = {
            "adjustment": f"dispute_bt:{line['id']}",
            "stripe_fee": f"stripe_fee:{line['id']}",
            "payout": f"payout:{source}",
            "payout_failure": f"payout_failed:{source}",
        }
        return [Movement(names[kind], net, kind, "")]

    def _charge(self, line: dict[str, Any], charge_id: str) -> list[Movement]:
        order_id = self._store.find(charge_id)["metadata"]["order_id"]
        self.charges[charge_id] = (order_id, line["amount"])
        return [
            Movement(f"charge:{charge_id}", line["amount"], "charge", order_id),
            Movement(f"fee:{line['id']}", -line["fee"], "fee", order_id),
        ]

    def _paid(self, metadata: dict[str, str]) -> Paid:
        return self.lines.setdefault(metadata.get("line_id", ""), Paid())


def _attempt(metadata: dict[str, str]) -> str:
    return f"{metadata['line_id']}/{metadata['attempt']}"
