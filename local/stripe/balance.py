"""Balance transactions: every movement of (pretended) money, and the sums over them."""

from __future__ import annotations

from typing import Any

import stripe

from local.stripe import agenda
from local.stripe.call import Call
from local.stripe.listing import list_of, own, present
from local.stripe.shapes import shape
from local.stripe.store import Body
from local.stripe.world import World

DAY = 24 * 3600
SETTLING_SECONDS = 2 * DAY
DISPUTE_FEE = 1500
_FEE_FIXED = 30
_FEE_PER_MILLE = {True: 29, False: 44}  # a US card; any other

# Reporting categories that differ from the type.
_CATEGORIES = {
    "payment": "charge",
    "payment_refund": "refund",
    "payout_cancel": "payout_reversal",
    "payout_failure": "payout_reversal",
    "stripe_fee": "fee",
    "transfer_refund": "transfer_reversal",
}


def processing_fee(amount: int, *, domestic: bool = True) -> int:
    """Stripe's price in cents, rounded half up: 2.9 % + 30 ¢, for foreign cards 4.4 % + 30 ¢."""
    return (amount * _FEE_PER_MILLE[domestic] + 500) // 1000 + _FEE_FIXED


def settles_at(now: int) -> int:
    """When a payment made now becomes available: at midnight UTC, two days from now at most."""
    return (now + SETTLING_SECONDS) // DAY * DAY


def record(
    world: World,
    source: str | None,
    amount: int,
    currency: str,
    *,
    type_: str,
    category: str | None = None,
    fee: int = 0,
    fee_for: str = "Stripe processing fees",
    available_on: int | None = None,
    account: str | None = None,
    description: str | None = None,
) -> Body:
    """Book one movement in minor units; `amount` is negative when money leaves.

    It counts as available from `available_on` on, by default now.
    """
    now = world.now()
    available_on = now if available_on is None else max(available_on, now)
    details: list[dict[str, Any]] = []
    if fee:
        details.append(
            {
                "amount": fee,
                "application": None,
                "currency": currency,
                "description": fee_for,
                "type": "stripe_fee",
            }
        )
    values: Body = {
        "id": world.ids.new("txn"),
        "amount": amount,
        "available_on": available_on,
        "balance_type": "payments",
        "created": now,
        "currency": currency,
        "description": description,
        "fee": fee,
        "fee_details": details,
        "net": amount - fee,
        "reporting_category": category or _CATEGORIES.get(type_, type_),
        "source": source,
        # Answered from the clock whenever it is shown.
        "status": "pending",
        "type": type_,
    }
    _add_up(world, account, currency, 0 if available_on <= now else available_on, amount - fee)
    return world.store.add(shape(stripe.BalanceTransaction, values), account=account)


def _add_up(world: World, account: str | None, currency: str, at: int, net: int) -> None:
    if at and not world.store.rows(
        "SELECT 1 FROM sums WHERE account = ? AND currency = ? AND available_on = ?",
        account or "",
        currency,
        at,
    ):
        agenda.plan(world, at - world.time(), "balance.available", account or "")
    world.store.execute(
        "INSERT INTO sums VALUES (?, ?, ?, ?)"
        " ON CONFLICT (account, currency, available_on) DO UPDATE SET net = net + excluded.net",
        account or "",
        currency,
        at,
        net,
    )


@agenda.job("balance.available")
def _now_available(world: World, account: str, arguments: Body) -> None:
    world.emit("balance.available", shown(world, account or None), account=account or None)


def totals(world: World, account: str | None) -> dict[str, dict[str, int]]:
    """Sums of net amounts by status and currency: `{"available": {"usd": 0}, "pending": …}`."""
    rows = world.store.rows(
        "SELECT currency, available_on <= ? AS ready, SUM(net) AS net"
        " FROM sums WHERE account = ? GROUP BY 1, 2",
        world.now(),
        account or "",
    )
    sums: dict[str, dict[str, int]] = {"available": {}, "pending": {}}
    for row in rows:
        sums["available" if row["ready"] else "pending"][row["currency"]] = int(row["net"])
    return sums


def available(world: World, account: str | None, currency: str) -> int:
    """What an account could pay out or transfer now, in minor units; may be negative."""
    return totals(world, account)["available"].get(currency, 0)


def whole_balance(world: World, account: str | None, currency: str) -> int:
    """Available and pending money together."""
    sums = totals(world, account)
    return sums["available"].get(currency, 0) + sums["pending"].get(currency, 0)


def retrieve(call: Call) -> Body:
    """`GET /v1/balance` of the platform or of a connected account."""
    return shown(call.world, call.account)


def shown(world: World, account: str | None) -> Body:
    """The balance as the API shows it."""
    sums = totals(world, account)
    values = {
        name: [
            {"amount": amount, "currency": currency, "source_types": {"card": amount}}
            for currency, amount in sorted(by_currency.items() or [("usd", 0)])
        ]
        for name, by_currency in sums.items()
    }
    return shape(
        stripe.Balance,
        values,
        omit=("connect_reserved", "instant_available", "issuing", "refund_and_dispute_prefunding"),
    )


def list_transactions(call: Call) -> Body:
    """`GET /v1/balance_transactions`."""
    return list_of(call.world, "balance_transaction", call.params, call.path, account=call.account)


def retrieve_transaction(call: Call) -> Body:
    """`GET /v1/balance_transactions/:id`."""
    return present(call.world, own(call, "balance_transaction", "balance transaction"))
