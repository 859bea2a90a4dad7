"""Parts of pages kept in memory, for as long as nothing that strangers can see has changed.

Smaller than whole pages (kept_pages.py) and found again on many: a listing's card stands on the
home page, in its category and in the results of a hundred searches.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

MAX_AGE = 60.0
"""Seconds after which a value is made anew even so: a model may be switched off by its date."""


@dataclass(frozen=True)
class _Entry:
    value: Any
    until: float


class KeptValues:
    """At most so many values; the longest unused go first. Safe for threads.

    It starts closed and keeps nothing until `open`: without news of changes there is no knowing.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = most, clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._change = 0
        self._open = False

    @property
    def is_open(self) -> bool:
        """True while news of changes arrives."""
        return self._open

    @property
    def change(self) -> int:
        """How often something has changed. Read it before what a value is made of."""
        return self._change

    def open(self) -> None:
        """News arrives from now on. Whatever is kept may have missed some."""
        self._forget(True)

    def close(self) -> None:
        """News may be missed: keep nothing, give nothing."""
        self._forget(False)

    def forget(self) -> None:
        """Something has changed: nothing made until now is given again."""
        self._forget(self._open)

    def get(self, key: Hashable) -> Any | None:
        """What is kept under that key; None for nothing."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or entry.until < self._clock():
                return None
            self._entries.move_to_end(key)
            return entry.value

    def put(self, key: Hashable, value: Any, change: int) -> None:
        """Keep a value that was made when there had been so many changes."""
        with self._lock:
            if not self._open or change != self._change:
                return
            self._entries[key] = _Entry(value, self._clock() + MAX_AGE)
            self._entries.move_to_end(key)
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)

    def _forget(self, is_open: bool) -> None:
        with self._lock:
            self._change += 1
            self._entries.clear()
            self._open = is_open
