"""Balance transactions: every movement of (pretended) money, and the sums over them."""

from __future__ import annotations

from typing import Any

import stripe

from local.stripe.call import Call
from local.stripe.errors import missing
from local.stripe.listing import list_of, present
from local.stripe.shapes import shape
from local.stripe.store import Body
from local.stripe.world import World

SETTLING_SECONDS = 2 * 24 * 3600
_FEE_PER_MILLE, _FEE_FIXED = 29, 30


def processing_fee(amount: int) -> int:
    """Stripe's price for a US card in cents: 2.9 % + 30 ¢, rounded half up."""
    return (amount * _FEE_PER_MILLE + 500) // 1000 + _FEE_FIXED


def record(
    world: World,
    source: str,
    amount: int,
    currency: str,
    *,
    type_: str,
    fee: int = 0,
    available_on: int | None = None,
    account: str | None = None,
    description: str | None = None,
) -> Body:
    """Book one movement in minor units; `amount` is negative when money leaves.

    It counts as available from `available_on` on, by default now.
    """
    now = world.now()
    details: list[dict[str, Any]] = []
    if fee:
        details.append(
            {
                "amount": fee,
                "application": None,
                "currency": currency,
                "description": "Stripe processing fees",
                "type": "stripe_fee",
            }
        )
    values: Body = {
        "id": world.ids.new("txn"),
        "amount": amount,
        "available_on": now if available_on is None else available_on,
        "balance_type": "payments",
        "created": now,
        "currency": currency,
        "description": description,
        "fee": fee,
        "fee_details": details,
        "net": amount - fee,
        # Answered from the clock whenever it is shown.
        "reporting_category": "charge" if type_ == "payment" else type_,
        "source": source,
        "status": "pending",
        "type": type_,
    }
    return world.store.add(shape(stripe.BalanceTransaction, values), account=account)


def totals(world: World, account: str | None) -> dict[str, dict[str, int]]:
    """Sums of net amounts by status and currency: `{"available": {"usd": 0}, "pending": …}`."""
    rows = world.store.rows(
        "SELECT json_extract(body, '$.currency') AS currency,"
        " json_extract(body, '$.available_on') <= ? AS ready,"
        " SUM(json_extract(body, '$.net')) AS net"
        " FROM objects WHERE kind = 'balance_transaction' AND account IS ?"
        " GROUP BY 1, 2",
        world.now(),
        account,
    )
    sums: dict[str, dict[str, int]] = {"available": {}, "pending": {}}
    for row in rows:
        sums["available" if row["ready"] else "pending"][row["currency"]] = int(row["net"])
    return sums


def retrieve(call: Call) -> Body:
    """`GET /v1/balance` of the platform or of a connected account."""
    sums = totals(call.world, call.account)
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
    body = call.world.store.find(call.ids["id"], "balance_transaction")
    if body is None or call.world.store.owner(body["id"]) != call.account:
        raise missing("balance transaction", call.ids["id"])
    return present(call.world, body)
