"""From pressing Pay to the library with every webhook lost: how long the site itself takes.

    python -m bench.checkout [--purchases 30]

One buyer at a time on the same processes as bench/buyers.py. The time on the emulator's own pages
is left out, the calls to its API are in. Goal: under two seconds. Last line: one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from sqlalchemy import func, select

from bench.buying.market import Market, open_market
from bench.buying.shopper import Shopper, percentile
from marketplace.core.unit_of_work import unit_of_work
from marketplace.stripe_events.models import StripeEvent

GOAL_SECONDS = 2.0


def shop(market: Market) -> dict[str, Any]:
    """Buy every ware once while no webhook arrives."""
    market.control("faults", {"webhooks": [{"type": "*", "action": "drop"}]})
    market.wait_until_quiet()
    with unit_of_work(market.services.database) as session:
        before = session.scalar(select(func.count()).select_from(StripeEvent)) or 0
    shopper = Shopper(market, market.buyers[0], double=False)
    shopper.buy_now(market.wares[0])  # the first one loads templates and connections
    own = []
    for ware in market.wares[1:]:
        bought = shopper.buy_now(ware)
        own.append(bought.start + bought.back)
    with unit_of_work(market.services.database) as session:
        heard = (session.scalar(select(func.count()).select_from(StripeEvent)) or 0) - before
    quiet = market.wait_until_quiet()
    return {
        "purchases": len(own),
        "own_seconds_p50": round(percentile(own, 0.5), 3),
        "own_seconds_p95": round(percentile(own, 0.95), 3),
        "own_seconds_max": round(max(own), 3),
        "goal_seconds": GOAL_SECONDS,
        "webhooks_heard": heard,
        "unfinished": 0 if quiet else 1,
        "difference_cents": market.difference_cents(),
    }


def main() -> int:
    """Run the bench; 1 where the goal is missed, a webhook came through or a cent is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--purchases", type=int, default=30)
    asked = parser.parse_args()
    found = open_market(shop, wares=asked.purchases + 1, sellers=3, buyers=1)
    print(
        f"{found['purchases']} purchases without a webhook: own time p50 "
        f"{found['own_seconds_p50']} s, p95 {found['own_seconds_p95']} s"
    )
    print(json.dumps(found))
    missed = found["own_seconds_p95"] > GOAL_SECONDS
    wrong = any(found[k] for k in ("webhooks_heard", "unfinished", "difference_cents"))
    return 1 if missed or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
