"""Rows that one worker holds at a time: take, find again, keep alive, find the abandoned.

A worker holds a row by a random lease. Every write checks it under the row's lock, so a worker
that was taken for dead can wake up and do no harm. Nothing here commits.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from marketplace.core.clock import now
from marketplace.core.columns import Id, Moment

STALE_AFTER = timedelta(seconds=15)
"""Without a heartbeat for so long the worker is taken for dead (it beats every second)."""


class LeaseColumns:
    """Columns of a row that one worker holds at a time; its table adds ``id`` and ``state``."""

    id: Mapped[Id]
    state: Mapped[Any]
    lease: Mapped[str | None] = mapped_column(String(32))
    """Random token of the worker that holds the row; only its holder may record."""
    heartbeat_at: Mapped[Moment | None] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[Moment | None]


L = TypeVar("L", bound=LeaseColumns)


class LeaseLostError(Exception):
    """Another worker took the row over: whatever this one has must be thrown away."""


def take(row: LeaseColumns) -> None:
    """Give a locked row a new holder."""
    row.lease = secrets.token_hex(16)
    row.attempts += 1
    row.started_at = row.started_at or now()
    row.heartbeat_at = now()


def beat(
    session: Session, table: type[L], row_id: str, lease: str, running: StrEnum, **values: object
) -> None:
    """Say that the holder is alive, and set further columns on the way.

    Raises:
        LeaseLostError: when the row is no longer held by this lease.
    """
    changed = session.execute(
        update(table)
        .where(table.id == row_id, table.lease == lease, table.state == running)
        .values(heartbeat_at=now(), **values)
    )
    if changed.rowcount == 0:  # type: ignore[attr-defined]
        raise LeaseLostError(row_id)


def held(session: Session, table: type[L], row_id: str, lease: str, running: StrEnum) -> L:
    """The row, locked and read anew, if the lease still holds it.

    Raises:
        LeaseLostError: when it does not.
    """
    row = session.scalar(
        select(table)
        .where(table.id == row_id, table.lease == lease)
        .with_for_update(of=table)
        .execution_options(populate_existing=True)
    )
    if row is None or row.state is not running:
        raise LeaseLostError(row_id)
    return row


def abandoned(session: Session, table: type[L], running: StrEnum, limit: int) -> Sequence[L]:
    """The rows whose holder has fallen silent, locked."""
    return session.scalars(
        select(table)
        .where(table.state == running, table.heartbeat_at < now() - STALE_AFTER)
        .limit(limit)
        .with_for_update(skip_locked=True, of=table)
    ).all()
