"""Indexes put aside while many rows come in, and made anew from all of them: far faster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

_FOUND = text("""
    SELECT c.relname AS name, pg_get_indexdef(i.indexrelid) AS definition
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_class t ON t.oid = i.indrelid
    WHERE t.relname = :table AND t.relnamespace = 'public'::regnamespace AND NOT i.indisprimary
      AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid)
    ORDER BY c.relname
""")


@dataclass(frozen=True)
class Index:
    """An index as the database spells it."""

    name: str
    definition: str


def put_aside(session: Session, tables: Sequence[str]) -> dict[str, list[Index]]:
    """Drop all indexes of these tables but those that constraints need; returns them by table.

    They come back with the transaction, should it fail.
    """
    found: dict[str, list[Index]] = {}
    for table in tables:
        rows = session.execute(_FOUND, {"table": table})
        found[table] = [Index(row.name, row.definition) for row in rows]
        for index in found[table]:
            session.execute(text(f'DROP INDEX "{index.name}"'))
    return found


def make_anew(session: Session, indexes: Sequence[Index]) -> Iterator[str]:
    """Make these indexes again, one at a time; gives each one's name when it is there."""
    for index in indexes:
        session.execute(text(index.definition))
        yield index.name
