"""Tables and indexes of the emulator's database, and what an older file lacks."""

from __future__ import annotations

import sqlite3

_TABLES = """
CREATE TABLE IF NOT EXISTS objects (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
  account TEXT, created INTEGER NOT NULL, body TEXT NOT NULL, private TEXT NOT NULL DEFAULT '{}');
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind, account, seq);
CREATE TABLE IF NOT EXISTS idempotency (
  key TEXT NOT NULL, scope TEXT NOT NULL, fingerprint TEXT NOT NULL, status INTEGER NOT NULL,
  body TEXT NOT NULL, request_id TEXT NOT NULL, expires REAL NOT NULL, PRIMARY KEY (key, scope));
CREATE INDEX IF NOT EXISTS idempotency_by_age ON idempotency (expires);
CREATE TABLE IF NOT EXISTS deliveries (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, endpoint TEXT NOT NULL,
  state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, next_at REAL NOT NULL,
  created REAL NOT NULL, last_status INTEGER, last_error TEXT, delivered_at REAL);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (endpoint, state, next_at);
CREATE INDEX IF NOT EXISTS deliveries_waiting ON deliveries (state, next_at, seq);
CREATE INDEX IF NOT EXISTS deliveries_by_event ON deliveries (event);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS agenda (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, job TEXT NOT NULL,
  subject TEXT NOT NULL, arguments TEXT NOT NULL DEFAULT '{}');
CREATE INDEX IF NOT EXISTS agenda_by_time ON agenda (at, seq);
CREATE INDEX IF NOT EXISTS agenda_by_subject ON agenda (subject);
-- Net amounts by the moment from which they count as available; '' is the platform.
CREATE TABLE IF NOT EXISTS sums (
  account TEXT NOT NULL, currency TEXT NOT NULL, available_on INTEGER NOT NULL,
  net INTEGER NOT NULL, PRIMARY KEY (account, currency, available_on)) WITHOUT ROWID;
"""

# Fields that lists filter by, or that the emulator's own rules look up.
_INDEXED = {
    "charge": ("payment_intent", "transfer_group", "source_transfer"),
    "transfer": ("transfer_group", "source_transaction", "destination"),
    "transfer_reversal": ("transfer",),
    "refund": ("charge", "payment_intent"),
    "dispute": ("charge", "payment_intent"),
    "radar.early_fraud_warning": ("charge",),
    "balance_transaction": ("source", "type"),
    "checkout.session": ("payment_intent",),
    "payout": ("status",),
}


def index_for(kind: str, field: str) -> str | None:
    """The name of the index over one field of one kind, if there is one.

    Queries name it: left to itself SQLite takes the index over all objects of the kind.
    """
    known = field in _INDEXED.get(kind, ())
    return f"{kind}_by_{field}".replace(".", "_") if known else None


def _index(kind: str, field: str) -> str:
    return (
        f"CREATE INDEX IF NOT EXISTS {index_for(kind, field)} ON objects"
        f" (json_extract(body, '$.{field}'), seq) WHERE kind = '{kind}';"
    )


SCHEMA = _TABLES + "\n".join(
    [
        *(_index(kind, field) for kind, fields in _INDEXED.items() for field in fields),
        "CREATE INDEX IF NOT EXISTS open_sessions ON objects (json_extract(body, '$.expires_at'))"
        " WHERE kind = 'checkout.session' AND json_extract(body, '$.status') = 'open';",
    ]
)


def rebuild_sums(database: sqlite3.Connection) -> None:
    """Fill the sums of a file that was written before there were any."""
    database.execute("DELETE FROM sums")
    database.execute(
        "INSERT INTO sums SELECT COALESCE(account, ''), json_extract(body, '$.currency'),"
        " json_extract(body, '$.available_on'), SUM(json_extract(body, '$.net'))"
        " FROM objects WHERE kind = 'balance_transaction' GROUP BY 1, 2, 3"
    )
