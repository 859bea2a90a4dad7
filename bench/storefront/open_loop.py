"""A constant stream of requests that does not wait for answers, and how long each took.

A request's time counts from the moment at which it was due, not from when a free client got round
to it: a site that stands still for a second is charged for all who came in that second
("coordinated omission", Tene 2013). wrk cannot do that: it has no rate.
"""

from __future__ import annotations

import http.client
import math
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

CLIENTS = 32


class _Clients:
    """Connections to one host, one for each thread that asks; kept alive between requests."""

    def __init__(self, host: str) -> None:
        self._host, self._own = host, threading.local()
        self._opened: list[http.client.HTTPConnection] = []

    def fetch(self, path: str) -> bytes:
        """GET over this thread's own connection. Raises RuntimeError unless it answers 200."""
        connection = self._connection()
        try:
            answer = _ask(connection, path)
        except (http.client.HTTPException, OSError):
            connection.close()  # the server had put the idle connection down: open it again
            answer = _ask(connection, path)
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}")
        return body

    def close(self) -> None:
        """Put all connections down."""
        for connection in self._opened:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if not hasattr(self._own, "connection"):
            self._own.connection = http.client.HTTPConnection(self._host, timeout=60)
            self._opened.append(self._own.connection)
        found: http.client.HTTPConnection = self._own.connection
        return found


def _ask(connection: http.client.HTTPConnection, path: str) -> http.client.HTTPResponse:
    connection.request("GET", path, headers={"Accept": "text/html"})
    return connection.getresponse()


def stream(site: str, paths: Sequence[str], rate: float, seconds: float) -> list[float]:
    """Ask for the paths in turn at a constant rate; returns seconds by request, shortest first.

    Raises RuntimeError for an answer other than 200.
    """
    clients = _Clients(urlsplit(site).netloc)
    count = int(rate * seconds)
    began = time.perf_counter() + 0.1

    def one(number: int) -> float:
        due = began + number / rate
        time.sleep(max(0.0, due - time.perf_counter()))
        clients.fetch(paths[number % len(paths)])
        return time.perf_counter() - due

    try:
        with ThreadPoolExecutor(CLIENTS) as threads:
            return sorted(threads.map(one, range(count)))
    finally:
        clients.close()


def percentile(sorted_values: Sequence[float], share: float) -> float:
    """The value that the share of all lies at or below (nearest rank)."""
    return sorted_values[max(0, math.ceil(share * len(sorted_values)) - 1)]
