"""The emulator's memory: one SQLite database, one lock, one connection.

Every request is one transaction, so that an object, its events, their deliveries and the answer
kept under an idempotency key appear together or not at all.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.stripe.store_schema import SCHEMA, index_for, rebuild_sums

Body = dict[str, Any]

_VERSION = 2


class Store:
    """Objects by id, and a transaction to change them in. Safe to share between threads.

    Args:
        state_dir: folder of the database file; None keeps everything in memory.
        durable: whether a commit survives a crash of the machine; a crash of the program never
            costs anything.
    """

    def __init__(self, state_dir: Path | None, *, durable: bool = True) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        # Only what is in memory cannot be changed by another process.
        self._settings: dict[str, str] = {}
        self.path = None if state_dir is None else state_dir / "stripe.sqlite3"
        if state_dir is not None:
            state_dir.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(
            self.path or ":memory:",
            check_same_thread=False,
            isolation_level=None,
            cached_statements=512,
        )
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute(f"PRAGMA synchronous={'NORMAL' if durable else 'OFF'}")
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        self._db.executescript(SCHEMA)
        if version < _VERSION:
            rebuild_sums(self._db)
            self._db.execute(f"PRAGMA user_version={_VERSION}")

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
                self._settings.clear()
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

    def add(
        self,
        body: Body,
        *,
        account: str | None = None,
        private: Body | None = None,
        created: int | None = None,
    ) -> Body:
        """Store a new API object.

        `account` is the connected account that owns it, if any; `created` says when it was made
        where its own field of that name is no number of seconds.
        """
        if isinstance(body.get("created"), int):
            created = body["created"]
        self.execute(
            "INSERT INTO objects (id, kind, account, created, body, private)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            body["id"],
            body["object"],
            account,
            int(time.time()) if created is None else created,
            json.dumps(body),
            json.dumps(private) if private else "{}",
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
        body: Body = json.loads(found[0]["body"])
        return body

    def owned(self, object_id: str, kind: str, account: str | None) -> Body | None:
        """The object with this id and kind, if it belongs to this account (None: platform)."""
        found = self.rows("SELECT kind, account, body FROM objects WHERE id = ?", object_id)
        if not found or found[0]["kind"] != kind or found[0]["account"] != account:
            return None
        body: Body = json.loads(found[0]["body"])
        return body

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
            # The kind stands in the statement: only then do the indexes of one kind apply.
            f"SELECT body FROM objects WHERE kind = '{kind}' AND ({where})"
            " ORDER BY seq DESC LIMIT ?",
            *values,
            limit,
        )
        return [json.loads(row["body"]) for row in found]

    def matching(self, kind: str, field: str, value: Any, limit: int = 1000) -> list[Body]:
        """Objects of one kind with a value in an indexed field, newest first."""
        found = self.rows(
            f"SELECT body FROM objects INDEXED BY {index_for(kind, field)}"
            f" WHERE kind = '{kind}' AND json_extract(body, '$.{field}') = ?"
            " ORDER BY seq DESC LIMIT ?",
            value,
            limit,
        )
        return [json.loads(row["body"]) for row in found]

    def setting(self, name: str) -> Any:
        """A stored JSON value, or None."""
        if name in self._settings:
            return json.loads(self._settings[name])
        found = self.rows("SELECT value FROM settings WHERE name = ?", name)
        text: str = found[0]["value"] if found else "null"
        if self.path is None:
            self._settings[name] = text
        return json.loads(text)

    def set_setting(self, name: str, value: Any) -> None:
        """Store a JSON value under a name."""
        self._settings.pop(name, None)
        self.execute(
            "INSERT INTO settings VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = ?",
            name,
            json.dumps(value),
            json.dumps(value),
        )
