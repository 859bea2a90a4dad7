"""The outbox of webhooks: which event goes to which endpoint, when, and how it went."""

from __future__ import annotations

import json
import random
import sqlite3
from typing import Any

from local.stripe import faults
from local.stripe.store import Body, Store

# Quick at first, so that a web server that is still starting loses little; then patient.
BACKOFF_SECONDS = (0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600)
GIVE_UP_AFTER_SECONDS = 3 * 24 * 3600
# For so long Stripe lists what has happened.
EVENTS_KEPT_SECONDS = 30 * 24 * 3600


def schedule(
    store: Store, event: Body, endpoints: list[str], now: float, chance: random.Random
) -> None:
    """Queue an event for each endpoint, bent by the fault rules in force.

    A reordered event waits for a random part of the rule's seconds, so that others overtake it.
    """
    for endpoint in endpoints:
        rule = faults.for_event(store, event["type"], chance) or {"action": None, "seconds": 0}
        action = rule["action"]
        state = {"drop": "dropped", "hold": "held"}.get(action, "pending")
        wait = {"delay": 1.0, "reorder": chance.random()}.get(action, 0.0) * rule["seconds"]
        for _ in range(2 if action == "duplicate" else 1):
            _queue(store, event["id"], endpoint, state, now + wait, now)


def _queue(store: Store, event_id: str, endpoint: str, state: str, due: float, now: float) -> None:
    store.execute(
        "INSERT INTO deliveries (event, endpoint, state, next_at, created) VALUES (?, ?, ?, ?, ?)",
        event_id,
        endpoint,
        state,
        due,
        now,
    )


def redeliver(store: Store, event_id: str, now: float) -> int:
    """Send an event again at once to every endpoint it was meant for; returns how many.

    A delivery that is still waiting is brought forward instead of being doubled.
    """
    with store.transaction():
        rows = store.rows("SELECT * FROM deliveries WHERE event = ?", event_id)
        for endpoint in {row["endpoint"] for row in rows}:
            waiting = store.execute(
                "UPDATE deliveries SET state = 'pending', next_at = 0"
                " WHERE event = ? AND endpoint = ? AND state IN ('held', 'pending')",
                event_id,
                endpoint,
            )
            if not waiting:
                _queue(store, event_id, endpoint, "pending", 0, now)
        return len({row["endpoint"] for row in rows})


def release_held(store: Store, now: float, *, all_of_them: bool = False) -> int:
    """Let go of the events that no rule holds back any more; returns how many."""
    released = 0
    with store.transaction():
        for row in store.rows(
            "SELECT d.seq, json_extract(o.body, '$.type') AS type FROM deliveries d"
            " JOIN objects o ON o.id = d.event WHERE d.state = 'held'"
        ):
            if all_of_them or not faults.holds(store, row["type"]):
                released += store.execute(
                    "UPDATE deliveries SET state = 'pending', next_at = ? WHERE seq = ?",
                    now,
                    row["seq"],
                )
    return released


def next_due(store: Store, endpoint: str) -> sqlite3.Row | None:
    """The waiting delivery of an endpoint with the earliest date, due or not."""
    rows = store.rows(
        "SELECT * FROM deliveries WHERE endpoint = ? AND state = 'pending'"
        " ORDER BY next_at, seq LIMIT 1",
        endpoint,
    )
    return rows[0] if rows else None


def record(
    store: Store, delivery: sqlite3.Row, status: int | None, error: str | None, now: float
) -> None:
    """Write down one attempt: delivered on 2xx, otherwise later, or failed after three days."""
    attempts = delivery["attempts"] + 1
    if status is not None and 200 <= status < 300:
        store.execute(
            "UPDATE deliveries SET state = 'delivered', attempts = ?, last_status = ?,"
            " last_error = NULL, delivered_at = ? WHERE seq = ?",
            attempts,
            status,
            now,
            delivery["seq"],
        )
        return
    state = "failed" if now - delivery["created"] > GIVE_UP_AFTER_SECONDS else "pending"
    wait = BACKOFF_SECONDS[min(attempts, len(BACKOFF_SECONDS)) - 1]
    store.execute(
        "UPDATE deliveries SET state = ?, attempts = ?, next_at = ?, last_status = ?,"
        " last_error = ? WHERE seq = ?",
        state,
        attempts,
        now + wait,
        status,
        error,
        delivery["seq"],
    )


def of_event(store: Store, event_id: str) -> list[dict[str, Any]]:
    """All deliveries of an event as plain values, oldest first."""
    rows = store.rows("SELECT * FROM deliveries WHERE event = ? ORDER BY seq", event_id)
    return [dict(row) for row in rows]


def undelivered(store: Store, event_id: str) -> int:
    """How many endpoints have not had this event yet: what `pending_webhooks` means."""
    rows = of_event(store, event_id)
    had = {row["endpoint"] for row in rows if row["state"] == "delivered"}
    return len({row["endpoint"] for row in rows} - had)


def forget_events(store: Store, made_before: float) -> int:
    """Drop old events that wait for nobody, with their deliveries; returns how many."""
    with store.transaction():
        gone = store.execute(
            "DELETE FROM objects WHERE kind IN ('event', 'v2.core.event') AND created < ?"
            " AND NOT EXISTS (SELECT 1 FROM deliveries d"
            " WHERE d.event = objects.id AND d.state IN ('pending', 'held'))",
            int(made_before),
        )
        store.execute("DELETE FROM deliveries WHERE event NOT IN (SELECT id FROM objects)")
        return gone


def payload(event: Body) -> str:
    """The exact text that is signed and sent."""
    return json.dumps(event, indent=2)
