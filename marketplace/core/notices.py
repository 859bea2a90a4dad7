"""PostgreSQL's notifications: told of what other processes have committed, within milliseconds."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

log = logging.getLogger(__name__)
LOOK_AFTER = 5.0
"""Seconds of silence after which the connection is asked whether it still lives."""
RETRY_AFTER = 1.0
_ALIVE: dict[str, Any] = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "connect_timeout": 5,
}
"""A connection that died without a word is found out within some ten seconds."""


@dataclass(frozen=True)
class Ears:
    """What is called, from the listener's own thread."""

    opened: Callable[[], None]
    """From now on every notification arrives; earlier ones may have been missed."""
    heard: Callable[[], None]
    closed: Callable[[], None]
    """Notifications may be missed until `opened` is called again."""


class Listener:
    """A thread that listens on one channel, and connects again whenever it has to.

    Args:
        url: SQLAlchemy's address of the database. A pooler that gives each transaction another
            connection cannot carry notifications: nothing is ever heard through one.
    """

    def __init__(self, url: str, channel: str, ears: Ears) -> None:
        plain = make_url(url).set(drivername="postgresql")
        self._address = plain.render_as_string(hide_password=False)
        self._channel, self._ears = channel, ears
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"listen-{channel}", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait until it has ended."""
        self._stopped.set()
        self._thread.join(LOOK_AFTER + 2)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                with psycopg.connect(self._address, autocommit=True, **_ALIVE) as connection:
                    self._listen(connection)
            except (psycopg.Error, OSError) as error:
                log.warning("not listening for changes: %s", type(error).__name__)
            finally:
                self._ears.closed()
            self._stopped.wait(RETRY_AFTER)

    def _listen(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._channel)))
        self._ears.opened()
        silence = 0.0
        while not self._stopped.is_set():
            heard = False
            # Short turns: `stop` need not wait for a notification to come.
            for _ in connection.notifies(timeout=0.5, stop_after=1):
                heard = True
            if heard:
                self._ears.heard()
                continue
            silence += 0.5
            if silence >= LOOK_AFTER:
                connection.execute("SELECT true")
                silence = 0.0
