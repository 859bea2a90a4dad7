"""Random trading until the books are believed: every rule of money after every event.

    python -m bench.ledger [--events 200000] [--processes 2] [--town 10000] [--seed 1]

Each process founds one town after the other, each with a seed and an empty database of its own: a
real PostgreSQL, the marketplace's own code, and the Stripe emulator in the same process. Whatever
fails is printed with its seed; `python -m bench.ledger --replay SEED --town N` shows it again and
`--shrink` looks for the shortest way there. Last line: one JSON object.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing as mp
import os
import queue
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from psycopg import sql

from local.ports import free_port
from local.postgres import Postgres
from marketplace.core import migrate
from marketplace.core.database import Database
from tests.fixtures.emptying import TEMPLATE, administer
from tests.properties.money.rules import Violation
from tests.properties.money.run import Run
from tests.properties.money.shrink import shortest
from tests.properties.money.town import founded
from tests.properties.money.whole import check_whole

PROGRESS_SECONDS = 30


@dataclass
class Result:
    """How one town went; differences in cents are between the books and the bank at its end."""

    seed: int
    events: int
    difference_cents: int = 0
    violation: str = ""
    entries: int = 0
    rests: int = 0
    deaths: dict[str, int] = field(default_factory=dict)
    """How often a process died, by where."""


def trade(server: Postgres, seed: int, events: int, say: Any = None) -> Result:
    """Found a town, let it trade, and check the whole at the end."""
    name = f"town_{seed}"
    copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    administer(server, copy.format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
    database = Database(server.url(name), pool_size=3)
    try:
        with tempfile.TemporaryDirectory() as folder, founded(database, seed, Path(folder)) as town:
            run = Run(town, seed)
            if say is not None:
                run.after_each = lambda: say(run.events)
            violation = ""
            try:
                run.go(events)
                check_whole(town, run.audit)
            except Violation as broken:
                violation = "\n".join([str(broken), *getattr(broken, "__notes__", [])])
            except Exception:
                violation = f"the driver itself failed:\n{traceback.format_exc()}"
            audit = run.audit
            booked = audit.accounts.get("stripe_balance", 0)
            explained = sum(one.cents for one in audit.unbooked.values())
            difference = abs(audit.bank.total - booked - explained)
            books = (audit.entries, run.rests, dict(run.deaths))
            return Result(seed, run.events, difference, violation, *books)
    finally:
        database.dispose()
        drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
        administer(server, drop)


def _work(folder: str, port: int, seeds: Any, size: int, said: Any) -> None:
    """One process: towns from the queue of seeds until it is empty."""
    server = Postgres(Path(folder), port, durable=False)
    server.prepare()
    while True:
        try:
            seed, events = seeds.get_nowait()
        except queue.Empty:
            return
        last = time.monotonic()

        def say(count: int, seed: int = seed) -> None:
            nonlocal last
            if time.monotonic() - last > PROGRESS_SECONDS:
                last = time.monotonic()
                said.put(("progress", (seed, count)))

        said.put(("done", asdict(trade(server, seed, events, say))))


def main() -> int:
    """Run from the command line."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        server = Postgres(Path(folder), free_port(), durable=False)
        server.start()
        try:
            make = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE))
            administer(server, make)
            migrate.upgrade(server.url(TEMPLATE))
            if arguments.replay is not None:
                return _replay(server, arguments)
            return _bench(folder, server.port, arguments)
        finally:
            server.stop()


def _replay(server: Postgres, arguments: argparse.Namespace) -> int:
    if arguments.shrink:
        print(shortest(lambda name: _fresh(server, name), arguments.replay, arguments.town))
        return 0
    result = trade(server, arguments.replay, arguments.town)
    print(result.violation or "nothing is wrong", file=sys.stderr)
    print(json.dumps(asdict(result) | {"violation": bool(result.violation)}))
    return 1 if result.violation else 0


def _fresh(server: Postgres, name: str) -> Database:
    copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    administer(server, copy.format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
    return Database(server.url(name), pool_size=3)


def _bench(folder: str, port: int, arguments: argparse.Namespace) -> int:
    context = mp.get_context("spawn")
    seeds, said = context.Queue(), context.Queue()
    left, seed = arguments.events, arguments.seed
    while left > 0:
        seeds.put((seed, min(arguments.town, left)))
        left, seed = left - arguments.town, seed + 1
    towns = seed - arguments.seed
    begun = time.monotonic()
    given = (folder, port, seeds, arguments.town, said)
    workers = [context.Process(target=_work, args=given) for _ in range(arguments.processes)]
    for worker in workers:
        worker.start()
    results: list[dict[str, Any]] = []
    running: dict[int, int] = {}
    while len(results) < towns:
        try:
            kind, what = said.get(timeout=5)
        except queue.Empty:
            if not any(worker.is_alive() for worker in workers):
                print("the processes are gone", file=sys.stderr)
                break
            continue
        if kind == "done":
            results.append(what)
            running.pop(what["seed"], None)
            if what["violation"]:
                print(f"VIOLATION in seed {what['seed']}:\n{what['violation']}", file=sys.stderr)
        else:
            running[what[0]] = what[1]
        _progress(results, running, begun)
    for worker in workers:
        worker.join(30)
    return _summary(results, towns, time.monotonic() - begun)


def _progress(results: list[dict[str, Any]], running: dict[int, int], begun: float) -> None:
    events = sum(one["events"] for one in results) + sum(running.values())
    seconds = time.monotonic() - begun
    bad = sum(bool(one["violation"]) for one in results)
    print(
        f"{events} events in {seconds:.0f} s, {events / seconds:.0f} a second, {bad} violations",
        file=sys.stderr,
        flush=True,
    )


def _summary(results: list[dict[str, Any]], towns: int, seconds: float) -> int:
    events = sum(one["events"] for one in results)
    violations = sum(bool(one["violation"]) for one in results) + towns - len(results)
    deaths = sum((Counter(one["deaths"]) for one in results), Counter())
    summary = {
        "events": events,
        "difference_cents": sum(one["difference_cents"] for one in results),
        "violations": violations,
        "events_per_second": round(events / seconds, 1),
        "towns": len(results),
        "ledger_entries": sum(one["entries"] for one in results),
        "crashes": sum(deaths.values()),
        "crash_points": len(deaths),
        "rests": sum(one["rests"] for one in results),
        "seconds": round(seconds),
    }
    print(json.dumps(summary))
    return 1 if violations else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--town", type=int, default=10_000, help="events of one town")
    parser.add_argument("--seed", type=int, default=1, help="of the first town")
    parser.add_argument("--replay", type=int, help="one town again, by its seed")
    parser.add_argument("--shrink", action="store_true", help="find the shortest way to its end")
    return parser.parse_args()


def _with_known_hashes() -> None:
    """Start again with one order of sets for all processes: else a replay tells another story."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        arguments = [sys.executable, "-m", "bench.ledger", *sys.argv[1:]]
        os.execve(sys.executable, arguments, os.environ | {"PYTHONHASHSEED": "0"})


if __name__ == "__main__":
    _with_known_hashes()
    sys.exit(main())
