"""Fifty buyers at once: nothing double, nothing lost, and how long each of them waits.

    python -m bench.buyers [--buyers 50] [--wares 24]

Each of them buys the same listing with "Buy now" and a cart of three others of several sellers,
pressing every button twice at once. Everything is real but the money: web server, worker,
PostgreSQL, Valkey and the Stripe emulator on loopback. Prints the p50 and p95 of opening a checkout
and of the way from the return page to what was bought; last line: one JSON object. Fails when
anything was given, charged, transferred or booked twice or not at all.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import select

from bench.buying.market import Market, Ware, open_market
from bench.buying.shopper import Purchase, Shopper, percentile
from marketplace.accounts.models import User
from marketplace.core.unit_of_work import unit_of_work
from marketplace.orders.models import Entitlement, OrderLine
from marketplace.orders.states import EntitlementState, TransferState

CART = 3


def wanted(market: Market, number: int) -> list[Ware]:
    """What a buyer wants: the listing that everybody wants, and a cart of their own."""
    others = market.wares[1:]
    return [market.wares[0], *(others[(number + 7 * place) % len(others)] for place in range(CART))]


def shop(market: Market) -> dict[str, Any]:
    """Let everybody buy at once and count what came of it."""
    buyers = range(len(market.buyers))
    with ThreadPoolExecutor(len(buyers)) as crowd:
        shoppers = list(crowd.map(lambda email: Shopper(market, email), market.buyers))

        def buy(number: int) -> list[Purchase]:
            first, *others = wanted(market, number)
            return [shoppers[number].buy_now(first), shoppers[number].buy_cart(others)]

        began = time.perf_counter()
        purchases = [one for both in crowd.map(buy, buyers) for one in both]
        took = time.perf_counter() - began
    quiet = market.wait_until_quiet()
    starts, returns = [p.start for p in purchases], [p.back for p in purchases]
    return {
        "buyers": len(buyers),
        "purchases": len(purchases),
        "seconds": round(took, 1),
        "checkout_p50_ms": round(1000 * percentile(starts, 0.5)),
        "checkout_p95_ms": round(1000 * percentile(starts, 0.95)),
        "library_p50_ms": round(1000 * percentile(returns, 0.5)),
        "library_p95_ms": round(1000 * percentile(returns, 0.95)),
        "unfinished": 0 if quiet else 1,
        **_compare(market),
        "difference_cents": market.difference_cents(),
    }


def _compare(market: Market) -> dict[str, int]:
    """Rights, payments and transfers against what was wanted: how many too many, how many too few.

    Rights are counted in our rows, payments and transfers at the emulator.
    """
    rights = Counter(
        (email, ware.id)
        for number, email in enumerate(market.buyers)
        for ware in wanted(market, number)
    )
    with unit_of_work(market.services.database) as session:
        given = Counter(
            (email, listing_id)
            for email, listing_id in session.execute(
                select(User.email, Entitlement.listing_id)
                .join(User, User.id == Entitlement.buyer_id)
                .where(Entitlement.state == EntitlementState.GRANTED)
            )
        )
        lines = session.execute(
            select(OrderLine.id, OrderLine.seller_cents, OrderLine.transfer_id).where(
                OrderLine.transfer_state == TransferState.DONE
            )
        ).all()
    shares = Counter((line.id, line.seller_cents) for line in lines)
    sent = Counter(
        (made["metadata"]["line_id"], made["amount"]) for made in market.at_stripe("transfers")
    )
    payments = Counter(
        session["metadata"]["order_id"]
        for session in market.at_stripe("sessions")
        if session["payment_status"] == "paid"
    )
    wanted_payments = 2 * len(market.buyers)
    return {
        "double": (given - rights).total()
        + (sent - shares).total()
        + max(0, payments.total() - wanted_payments),
        "lost": (rights - given).total()
        + (shares - sent).total()
        + max(0, wanted_payments - payments.total())
        + max(0, rights.total() - len(lines)),
        "transfers": sent.total(),
    }


def main() -> int:
    """Run the bench; 1 where anything is double, lost or different."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--buyers", type=int, default=50)
    parser.add_argument("--wares", type=int, default=24)
    asked = parser.parse_args()
    found = open_market(shop, wares=asked.wares, sellers=6, buyers=asked.buyers)
    print(f"{found['buyers']} buyers made {found['purchases']} purchases in {found['seconds']} s")
    for name, key in (("opening a checkout", "checkout"), ("return to library", "library")):
        print(f"  {name:<19} p50 {found[f'{key}_p50_ms']} ms, p95 {found[f'{key}_p95_ms']} ms")
    print(json.dumps(found))
    return 1 if any(found[k] for k in ("double", "lost", "unfinished", "difference_cents")) else 0


if __name__ == "__main__":
    sys.exit(main())
