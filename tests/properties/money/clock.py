"""One time for all three: the marketplace, its database and the bank."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg

from local.stripe.inprocess import InProcess
from marketplace.core.clock import frozen

START = datetime(2026, 1, 5, 9, tzinfo=UTC).timestamp()
"""Any moment will do: nothing here depends on when it runs."""

_OWN_TIME = """
    CREATE TABLE world_clock (moment timestamptz NOT NULL);
    INSERT INTO world_clock VALUES (to_timestamp({start}));
    CREATE FUNCTION world_now() RETURNS timestamptz LANGUAGE sql VOLATILE
        AS 'SELECT moment FROM public.world_clock';
"""
_DEFAULTS = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND column_default ~ 'clock_timestamp|now\\(|CURRENT_TIMESTAMP'
"""


def start_time() -> float:
    """The bank's clock stands still: only `Clock.passes` moves it."""
    return START


def give_own_time(books: psycopg.Connection) -> None:
    """Give a database a clock of its own, if it has none.

    Args:
        books: a connection in autocommit.
    """
    found = books.execute("SELECT to_regclass('public.world_clock')").fetchone()
    if found and found[0]:
        return
    books.execute(_OWN_TIME.format(start=START))  # type: ignore[call-overload]
    for table, column in books.execute(_DEFAULTS).fetchall():
        books.execute(
            f'ALTER TABLE "{table}" ALTER COLUMN "{column}" SET DEFAULT world_now()'  # type: ignore[call-overload]
        )


class Clock:
    """Moves the bank's time, in which everybody lives.

    Args:
        bank: an emulator that was made with `start_time`.
        books: a connection in autocommit; its database gets a clock of its own, set to `START`.
    """

    def __init__(self, bank: InProcess, books: psycopg.Connection) -> None:
        self._bank, self._books = bank, books
        give_own_time(books)
        books.execute("UPDATE world_clock SET moment = to_timestamp(%s)", [START])

    @property
    def moment(self) -> datetime:
        """Now."""
        return datetime.fromtimestamp(self._bank.world.time(), UTC)

    def passes(self, seconds: float) -> datetime:
        """Let time pass; what the bank has planned happens on the way."""
        self._bank.advance(seconds)
        moment = self.moment
        self._books.execute("UPDATE world_clock SET moment = %s", [moment])
        return moment

    @contextmanager
    def now(self) -> Iterator[datetime]:
        """The marketplace sees this moment."""
        moment = self.moment
        with frozen(moment):
            yield moment
