"""What is to happen later: refunds that fail, payouts that arrive, disputes that time out."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.stripe.store import Body
    from local.stripe.world import World

log = logging.getLogger("stripe")

Job = Callable[["World", str, "Body"], None]
_JOBS: dict[str, Job] = {}


def job(name: str) -> Callable[[Job], Job]:
    """Register a function as what a stored job's name means."""

    def register(function: Job) -> Job:
        _JOBS[name] = function
        return function

    return register


def plan(world: World, seconds: float, name: str, subject: str, **arguments: object) -> None:
    """Let a job happen to an object so many seconds from now; inside the caller's transaction."""
    if name not in _JOBS:
        raise LookupError(f"there is no job {name}")
    world.store.execute(
        "INSERT INTO agenda (at, job, subject, arguments) VALUES (?, ?, ?, ?)",
        world.time() + seconds,
        name,
        subject,
        json.dumps(arguments),
    )


def forget(world: World, subject: str) -> None:
    """Nothing more is to happen to an object by itself."""
    world.store.execute("DELETE FROM agenda WHERE subject = ?", subject)


def run_due(world: World) -> int:
    """Do everything whose time has come, in order; returns how many jobs."""
    done = 0
    while (due := _next(world)) is not None and due <= world.time():
        with world.store.transaction():
            rows = world.store.rows("SELECT * FROM agenda ORDER BY at, seq LIMIT 1")
            if not rows or rows[0]["at"] > world.time():
                break
            row = rows[0]
            world.store.execute("DELETE FROM agenda WHERE seq = ?", row["seq"])
            _JOBS[row["job"]](world, row["subject"], json.loads(row["arguments"]))
        done += 1
    return done


def _next(world: World) -> float | None:
    rows = world.store.rows("SELECT at FROM agenda ORDER BY at, seq LIMIT 1")
    return float(rows[0]["at"]) if rows else None


def advance(world: World, seconds: float) -> int:
    """Let time pass at once, job by job, so that each sees its own moment; returns how many.

    Raises `ValueError` for a step backwards.
    """
    if seconds < 0:
        raise ValueError("time passes forwards only")
    target = world.time() + seconds
    done = run_due(world)
    while (due := _next(world)) is not None and due <= target:
        world.shift(max(0.0, due - world.time()))
        done += run_due(world)
    world.shift(max(0.0, target - world.time()))
    return done
