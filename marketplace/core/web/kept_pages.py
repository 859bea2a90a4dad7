"""Whole pages kept in memory, for as long as nothing that strangers can see has changed.

One number counts the changes: a page is kept together with the number that held before it was made,
and served only while that number still holds. Who moves it is told in page_keeping.py.
"""

from __future__ import annotations

import gzip
import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from marketplace.core.web.traces import Traces

Rest = TypeVar("Rest")
MAX_AGE = 60.0
"""Seconds after which a page is made anew even so: it may say "3 minutes ago"."""
PATIENCE = 2.0
"""Seconds that one waits for another who is making the same page."""
_LEVEL = 6


@dataclass(frozen=True)
class KeptPage:
    """An HTML page, plain and compressed; nothing in it is secret, so compressing is safe."""

    body: bytes
    packed: bytes
    tag: str
    """For ETag: a digest of the body."""
    traces: Traces = ()
    """What it shows, to be counted for each who is given it."""

    @classmethod
    def of(cls, body: bytes, traces: Traces = ()) -> KeptPage:
        """Compress a page once for all who ask."""
        # A fixed time: equal pages are equal bytes.
        packed = gzip.compress(body, _LEVEL, mtime=0)
        return cls(body, packed, hashlib.sha256(body).hexdigest()[:20], traces)

    @property
    def size(self) -> int:
        """Bytes that keeping it takes."""
        return len(self.body) + len(self.packed) + 500


@dataclass(frozen=True)
class _Entry:
    page: KeptPage
    change: int
    until: float


@dataclass
class _Store:
    entries: OrderedDict[str, _Entry] = field(default_factory=OrderedDict)
    size: int = 0


class KeptPages(Generic[Rest]):
    """At most so many bytes of pages; the longest unused go first. Safe for threads.

    It starts closed and keeps nothing until `open`: without news of changes there is no knowing.
    """

    def __init__(self, most_bytes: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = most_bytes, clock
        self._lock = threading.Lock()
        self._store = _Store()
        self._making: dict[str, threading.Event] = {}
        self._change = 0
        self._open = False

    @property
    def is_open(self) -> bool:
        """True while news of changes arrives."""
        return self._open

    def open(self) -> None:
        """News arrives from now on. Whatever is kept may have missed some."""
        with self._lock:
            self._forget()
            self._open = self._most > 0

    def close(self) -> None:
        """News may be missed: keep nothing, serve nothing."""
        with self._lock:
            self._forget()
            self._open = False

    def forget(self) -> None:
        """Something has changed: no page made until now is served again."""
        with self._lock:
            self._forget()

    def fetch(self, key: str, make: Callable[[], KeptPage | Rest]) -> KeptPage | Rest:
        """The page of that key, kept or made.

        Of many who ask at once one makes it and the others wait. What `make` returns that is no
        KeptPage is passed on to who asked and not kept; what it raises is raised.
        """
        page, event, leads, change = self._look(key)
        if page is not None:
            return page
        if not leads:
            event.wait(PATIENCE)
            page = self._look_again(key)
            return make() if page is None else page
        try:
            made = make()
            if isinstance(made, KeptPage):
                self._keep(key, made, change)
            return made
        finally:
            with self._lock:
                self._making.pop(key, None)
            event.set()

    def _look(self, key: str) -> tuple[KeptPage | None, threading.Event, bool, int]:
        with self._lock:
            page = self._valid(key)
            waiting = self._making.get(key)
            if page is not None or waiting is not None:
                return page, waiting or threading.Event(), False, self._change
            event = self._making[key] = threading.Event()
            # Read before anything is read for the page: a change in between makes it outdated.
            return None, event, True, self._change

    def _look_again(self, key: str) -> KeptPage | None:
        with self._lock:
            return self._valid(key)

    def _valid(self, key: str) -> KeptPage | None:
        entry = self._store.entries.get(key)
        if entry is None or entry.change != self._change or entry.until < self._clock():
            return None
        self._store.entries.move_to_end(key)
        return entry.page

    def _keep(self, key: str, page: KeptPage, change: int) -> None:
        with self._lock:
            if not self._open or change != self._change or page.size > self._most // 4:
                return
            entries = self._store.entries
            old = entries.pop(key, None)
            self._store.size += page.size - (old.page.size if old else 0)
            entries[key] = _Entry(page, change, self._clock() + MAX_AGE)
            while self._store.size > self._most:
                _, dropped = entries.popitem(last=False)
                self._store.size -= dropped.page.size

    def _forget(self) -> None:
        self._change += 1
        self._store = _Store()
