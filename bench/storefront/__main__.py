"""How fast the storefront is, at several sizes of the catalogue, on this machine.

    python -m bench.storefront [--sizes 10000,100000,1000000] [--seconds 20] [--folder DIR]

A PostgreSQL and a web server of its own on loopback for each size. For each page: times under a
constant stream of 20 requests a second that waits for no answer, at the first asking and later;
between the two requests a second and times at full load (wrk); all over many different addresses
and without kept pages (PAGE_CACHE_MB=0; cards are kept, as in production); database queries and
bytes. Last of all full load on kept pages.
Last line: one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from bench.storefront import open_loop, wrk
from bench.storefront.pages import PAGES, addresses, cost_of, home_bytes
from bench.storefront.site import Place, open_place, serve
from demo.bulk.loading import load
from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.core.web.page_keeping import stop_keeping
from marketplace.factory import create_app

SIZES = "10000,100000,1000000"
RATE = 20.0
WARM_UP = 40
DRAINED = 2.0
"""Seconds after full load in which the site answers what wrk has stopped waiting for."""


@dataclass(frozen=True)
class Measured:
    """One page at one size."""

    p50_ms: float
    p99_ms: float
    new_p99_ms: float
    """Of addresses that nobody had asked for before, right after the start."""
    full: wrk.Load
    queries: int
    bytes: int


def main() -> int:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default=SIZES, help="numbers of listings, rising")
    parser.add_argument("--seconds", type=int, default=20, help="of each stream of requests")
    parser.add_argument("--workers", type=int, default=2, help="web processes")
    parser.add_argument("--folder", help="keep databases there, one a size, for the next run")
    parser.add_argument("--pages", default=",".join(PAGES), help="only these, to look into one")
    asked = parser.parse_args()
    pages = [page for page in PAGES if page in asked.pages.split(",")]
    if not wrk.available():
        print("wrk is not installed. On Debian: apt install wrk", file=sys.stderr)
        return 1
    sizes = sorted(int(size) for size in asked.sizes.split(","))
    found: dict[int, dict[str, Measured]] = {}
    cached, sent = 0.0, 0
    for size in sizes:
        with open_place(Path(asked.folder) / str(size) if asked.folder else None) as place:
            services = place.services()
            fill(services, size)
            found[size] = measure(place, services, pages, asked.workers, asked.seconds)
            show(size, found[size])
            if size == sizes[-1]:
                cached, sent = kept(place, services, asked.workers, asked.seconds)
            services.database.dispose()
    print(json.dumps(summary(found, cached, sent)))
    return 0


def fill(services: Services, size: int) -> None:
    """Add listings until there are so many."""
    with unit_of_work(services.database) as session:
        there = int(session.scalar(text("SELECT count(*) FROM listings")) or 0)
    if there >= size:
        return
    began = time.monotonic()

    def progress(what: str, done: int, total: int) -> None:
        if done >= total:
            print(f"    {what}: {time.monotonic() - began:,.0f} s", file=sys.stderr, flush=True)

    load(services, size - there, 1, progress)
    print(f"{size - there:,} listings more in {time.monotonic() - began:,.0f} s", flush=True)


def measure(
    place: Place, services: Services, pages: Sequence[str], workers: int, seconds: int
) -> dict[str, Measured]:
    """Every page, nothing kept."""
    app = create_app(services=services)
    asked = addresses(services)
    costs = {page: cost_of(app, services, asked[page]) for page in pages}
    stop_keeping(app)  # it would go on listening for changes when the database is gone
    found = {}
    with serve(place, workers, keep_pages=False) as site:
        for page in pages:
            paths = asked[page]
            new = open_loop.stream(site, paths, RATE, max(WARM_UP, len(paths)) / RATE)
            # What is measured then is a shop that has been open for a while: under full load every
            # process gets every address a few times.
            full = wrk.full_load(site, paths, max(5, seconds))
            time.sleep(DRAINED)
            times = open_loop.stream(site, paths, RATE, seconds)
            found[page] = Measured(
                p50_ms=1000 * open_loop.percentile(times, 0.5),
                p99_ms=1000 * open_loop.percentile(times, 0.99),
                new_p99_ms=1000 * open_loop.percentile(new, 0.99),
                full=full,
                queries=costs[page].queries,
                bytes=costs[page].bytes,
            )
    return found


def kept(place: Place, services: Services, workers: int, seconds: int) -> tuple[float, int]:
    """Requests a second on kept pages, the slowest kind's; and the bytes of the home page."""
    asked = addresses(services)
    hot = {"home": ["/"], "browse": ["/browse"], "listing": asked["listing"][:50]}
    rates = []
    with serve(place, workers, keep_pages=True) as site:
        for page, paths in hot.items():
            for _ in range(4):  # every process makes its own
                open_loop.stream(site, paths, 100.0, len(paths) / 100)
            load = wrk.full_load(site, paths, max(5, seconds // 2))
            print(
                f"kept {page:<12} {load.per_second:8,.0f} a second, p50 {load.p50_ms:.1f} ms, "
                f"p99 {load.p99_ms:.1f} ms"
            )
            rates.append(load.per_second)
        sent = home_bytes(site)
    return min(rates), sent


def show(size: int, found: dict[str, Measured]) -> None:
    """A table for people."""
    busy = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    print(f"\n{size:,} listings (load of this machine: {busy})")
    print(
        f"{'page':<12}{'p50':>8}{'p99':>8}{'new p99':>9}{'wrk/s':>9}{'p50':>8}{'p99':>9}"
        f"{'queries':>9}{'kB':>7}"
    )
    for page, one in found.items():
        full = one.full
        print(
            f"{page:<12}{one.p50_ms:8.1f}{one.p99_ms:8.1f}{one.new_p99_ms:9.1f}"
            f"{full.per_second:9.0f}"
            f"{full.p50_ms:8.1f}{full.p99_ms:9.1f}{one.queries:9}{one.bytes / 1000:7.1f}",
            flush=True,
        )


def summary(found: dict[int, dict[str, Measured]], cached: float, sent: int) -> dict[str, object]:
    """The last line."""
    sizes: Sequence[int] = sorted(found)
    first, last = found[sizes[0]], found[sizes[-1]]
    return {
        "listings": sizes[-1],
        "p99_ms": {page: round(last[page].p99_ms, 1) for page in last},
        "growth": {page: round(last[page].p50_ms / first[page].p50_ms, 2) for page in last},
        "queries": {page: last[page].queries for page in last},
        "cached_rps": round(cached),
        "home_bytes": sent,
    }


if __name__ == "__main__":
    sys.exit(main())
