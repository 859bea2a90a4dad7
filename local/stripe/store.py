"""The emulator's memory: one SQLite file in WAL mode, one lock, one connection.

Every request is one transaction, so that an object, its events, their deliveries and the answer
kept under an idempotency key appear together or not at all.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import string
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Body = dict[str, Any]

_ALPHABET = string.ascii_letters + string.digits

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
  account TEXT, created INTEGER NOT NULL, body TEXT NOT NULL, private TEXT NOT NULL DEFAULT '{}');
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind, account, seq);
CREATE TABLE IF NOT EXISTS idempotency (
  key TEXT NOT NULL, scope TEXT NOT NULL, fingerprint TEXT NOT NULL, status INTEGER NOT NULL,
  body TEXT NOT NULL, request_id TEXT NOT NULL, expires REAL NOT NULL, PRIMARY KEY (key, scope));
CREATE TABLE IF NOT EXISTS deliveries (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, endpoint TEXT NOT NULL,
  state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, next_at REAL NOT NULL,
  created REAL NOT NULL, last_status INTEGER, last_error TEXT, delivered_at REAL);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (endpoint, state, next_at);
CREATE INDEX IF NOT EXISTS deliveries_by_event ON deliveries (event);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


def random_token(length: int) -> str:
    """Letters and digits as Stripe's ids use them, from the system's random source."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def new_id(prefix: str, length: int = 24) -> str:
    """An id that looks like Stripe's: a prefix, then letters and digits."""
    return f"{prefix}_{random_token(length)}"


class Store:
    """Objects by id, and a transaction to change them in. Safe to share between threads."""

    def __init__(self, state_dir: Path) -> None:
        state_dir.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._depth = 0
        self.path = state_dir / "stripe.sqlite3"
        self._db = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file; waits for a transaction that is under way."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Inside another transaction it becomes a savepoint of that one."""
        with self._lock:
            name = f"level_{self._depth}"
            self._db.execute("BEGIN IMMEDIATE" if self._depth == 0 else f"SAVEPOINT {name}")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._db.execute("ROLLBACK")
                else:
                    self._db.execute(f"ROLLBACK TO {name}")
                    self._db.execute(f"RELEASE {name}")
                raise
            self._depth -= 1
            self._db.execute("COMMIT" if self._depth == 0 else f"RELEASE {name}")

    def execute(self, sql: str, *values: Any) -> int:
        """Run one statement and return how many rows it touched."""
        with self._lock:
            return self._db.execute(sql, values).rowcount

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def add(self, body: Body, *, account: str | None = None, private: Body | None = None) -> Body:
        """Store a new API object. `account` is the connected account that owns it, if any."""
        created = body.get("created")
        self.execute(
            "INSERT INTO objects (id, kind, account, created, body, private)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            body["id"],
            body["object"],
            account,
            created if isinstance(created, int) else int(time.time()),
            json.dumps(body),
            json.dumps(private or {}),
        )
        return body

    def save(self, body: Body) -> Body:
        """Replace the stored form of an object that exists already."""
        changed = self.execute(
            "UPDATE objects SET body = ? WHERE id = ?", json.dumps(body), body["id"]
        )
        if changed != 1:
            raise LookupError(body["id"])
        return body

    def find(self, object_id: str, kind: str | None = None) -> Body | None:
        """The object with this id (and of this kind), or None."""
        found = self.rows("SELECT kind, body FROM objects WHERE id = ?", object_id)
        if not found or (kind is not None and found[0]["kind"] != kind):
            return None
        return json.loads(found[0]["body"])

    def owner(self, object_id: str) -> str | None:
        """The connected account an object belongs to; None for the platform's own."""
        found = self.rows("SELECT account FROM objects WHERE id = ?", object_id)
        return found[0]["account"] if found else None

    def private(self, object_id: str) -> Body:
        """What the emulator remembers about an object without showing it in the API."""
        found = self.rows("SELECT private FROM objects WHERE id = ?", object_id)
        return json.loads(found[0]["private"]) if found else {}

    def remember(self, object_id: str, **values: Any) -> None:
        """Merge values into an object's private part."""
        merged = self.private(object_id) | values
        self.execute("UPDATE objects SET private = ? WHERE id = ?", json.dumps(merged), object_id)

    def all_of(self, kind: str, where: str = "1", *values: Any, limit: int = 1000) -> list[Body]:
        """Objects of one kind, newest first; `where` may use json_extract(body, …)."""
        found = self.rows(
            f"SELECT body FROM objects WHERE kind = ? AND ({where}) ORDER BY seq DESC LIMIT ?",
            kind,
            *values,
            limit,
        )
        return [json.loads(row["body"]) for row in found]

    def setting(self, name: str) -> Any:
        """A stored JSON value, or None."""
        found = self.rows("SELECT value FROM settings WHERE name = ?", name)
        return json.loads(found[0]["value"]) if found else None

    def set_setting(self, name: str, value: Any) -> None:
        """Store a JSON value under a name."""
        self.execute(
            "INSERT INTO settings VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = ?",
            name,
            json.dumps(value),
            json.dumps(value),
        )
