"""A Hamming index that changes: an immutable part, a short tail scanned flat, and deletions.

The parts are merged in the background; searches go on meanwhile and always see the present state.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.search.mih import Codes, MultiIndex, scan

log = logging.getLogger(__name__)

Keys = NDArray[np.int64]
MIN_TAIL = 20_000
TAIL_SHARE = 64
"""The tail is merged at one code in so many of the whole: its scan then stays below a probe's cost
by an order of magnitude, and merging costs each code a bounded number of rebuilds."""
_SMALL_KEY = 2**32


@dataclass(frozen=True)
class Hit:
    """A stored code within the radius: its key and how many bits it differs in."""

    key: int
    distance: int


class HammingIndex:
    """Codes by key. Safe for threads; keys are unique non-negative integers.

    Args:
        keys: (n,) integers, the codes' names, in any order.
        codes: (n, words) as made by mih.codes_of.
        words: 64-bit words of a code, where there are no codes yet.

    Raises:
        ValueError: when keys repeat, are negative, or do not fit the codes.
    """

    def __init__(
        self, keys: Keys | None = None, codes: Codes | None = None, words: int = 4
    ) -> None:
        if keys is None or codes is None:
            keys, codes = np.empty(0, np.int64), np.empty((0, words), np.uint64)
        if len(keys) != len(codes) or (len(keys) and int(keys.min()) < 0):
            raise ValueError("every code needs one key from 0 up")
        self.words = codes.shape[1]
        self._lock = threading.RLock()
        self._merging: threading.Event | None = None
        self._removed_meanwhile: list[int] = []
        self._set_base(*_built(keys, codes))
        self._clear_tail(16)

    def __len__(self) -> int:
        with self._lock:
            return len(self._base) - self._dead_count + len(self._tail_rows)

    def __contains__(self, key: int) -> bool:
        with self._lock:
            return key in self._tail_rows or self._live_base_row(key) is not None

    @property
    def nbytes(self) -> int:
        """Memory of codes, buckets, keys, deletion marks and the tail's room."""
        with self._lock:
            tail = self._tail_keys.nbytes + self._tail_codes.nbytes + self._tail_live.nbytes
            return self._base.nbytes + self._keys.nbytes + self._dead.nbytes + tail

    @property
    def tail_length(self) -> int:
        """Rows that are scanned flat, removed ones included."""
        return self._tail_end

    def search(self, code: Codes, radius: int) -> list[Hit]:
        """Every live code within `radius` bits of `code` (shape (words,)), nearest first."""
        query = np.array(code, np.uint64).reshape(self.words)
        with self._lock:
            if not len(self):
                return []
            rows, distances = self._base.search(query, radius)
            alive = (self._dead[rows >> 3] >> (rows & 7)) & 1 == 0
            tail_rows, tail_distances = scan(self._tail_codes[: self._tail_end], query, radius)
            tail_alive = self._tail_live[tail_rows]
            keys = np.concatenate(
                [self._keys[rows[alive]].astype(np.int64), self._tail_keys[tail_rows[tail_alive]]]
            )
        distances = np.concatenate([distances[alive], tail_distances[tail_alive]])
        order = np.lexsort((keys, distances))
        return [Hit(int(keys[place]), int(distances[place])) for place in order]

    def add(self, keys: Keys, codes: Codes) -> None:
        """Add codes, or replace those of keys that are known; searchable at return."""
        if len(keys) != len(codes) or (len(keys) and int(np.min(keys)) < 0):
            raise ValueError("every code needs one key from 0 up")
        with self._lock:
            for key, code in zip(keys.tolist(), codes, strict=True):
                if not self._holds(key, code):
                    self._remove(key)
                    self._append(key, code)

    def remove(self, keys: Keys | list[int]) -> int:
        """Forget codes; unknown keys are ignored. Returns how many were there."""
        with self._lock:
            return sum(self._remove(int(key)) for key in keys)

    @property
    def wants_merge(self) -> bool:
        """True when tail or deletions have grown enough to be worth a rebuild."""
        limit = max(MIN_TAIL, len(self._base) // TAIL_SHARE)
        return self._tail_end > limit or self._dead_count > max(MIN_TAIL, len(self._base) // 8)

    def merge(self) -> bool:
        """Rebuild from what is live; False when another thread is at it.

        Only the beginning and the end hold the lock. Needs as much memory again meanwhile.
        """
        with self._lock:
            if self._merging is not None:
                return False
            done = self._merging = threading.Event()
            self._removed_meanwhile = []
            merged_end = self._tail_end
            keys, codes = self._live()
        try:
            base = _built(keys, codes)
            with self._lock:
                rest = slice(merged_end, self._tail_end)
                live = self._tail_live[rest]
                late_keys, late_codes = self._tail_keys[rest][live], self._tail_codes[rest][live]
                self._set_base(*base)
                self._clear_tail(len(late_keys) + 16)
                for key in self._removed_meanwhile:
                    self._remove_from_base(key)
                for key, code in zip(late_keys.tolist(), late_codes, strict=True):
                    self._append(key, code)
        finally:
            with self._lock:
                self._merging = None
            done.set()
        return True

    def merge_in_background(self) -> None:
        """Start a merge unless one runs; a failure is logged and leaves everything as it was."""

        def work() -> None:
            try:
                self.merge()
            except MemoryError:
                log.warning("no memory to merge the index; its tail stays longer")

        threading.Thread(target=work, name="index-merge", daemon=True).start()

    def wait_for_merge(self, timeout: float | None = None) -> bool:
        """Block until no merge runs; False at the time limit (seconds)."""
        with self._lock:
            merging = self._merging
        return merging is None or merging.wait(timeout)

    # -- under the lock -------------------------------------------------------------------------

    def _set_base(self, keys: NDArray[np.uint32] | Keys, base: MultiIndex) -> None:
        self._keys, self._base = keys, base
        self._dead = np.zeros((len(base) + 7) // 8, np.uint8)
        self._dead_count = 0

    def _clear_tail(self, room: int) -> None:
        self._tail_keys = np.empty(room, np.int64)
        self._tail_codes = np.empty((room, self.words), np.uint64)
        self._tail_live = np.zeros(room, np.bool_)
        self._tail_rows: dict[int, int] = {}
        self._tail_end = 0

    def _append(self, key: int, code: Codes) -> None:
        row = self._tail_end
        if row == len(self._tail_keys):
            room = 2 * row
            self._tail_keys = np.resize(self._tail_keys, room)
            self._tail_codes = np.resize(self._tail_codes, (room, self.words))
            self._tail_live = np.resize(self._tail_live, room)
        self._tail_keys[row], self._tail_codes[row], self._tail_live[row] = key, code, True
        self._tail_rows[key] = row
        self._tail_end = row + 1

    def _holds(self, key: int, code: Codes) -> bool:
        row = self._tail_rows.get(key)
        if row is not None:
            return bool(np.array_equal(self._tail_codes[row], code))
        row = self._live_base_row(key)
        return row is not None and bool(np.array_equal(self._base.codes[row], code))

    def _remove(self, key: int) -> bool:
        if self._merging is not None:
            self._removed_meanwhile.append(key)
        row = self._tail_rows.pop(key, None)
        if row is not None:
            self._tail_live[row] = False
            return True
        return self._remove_from_base(key)

    def _remove_from_base(self, key: int) -> bool:
        row = self._live_base_row(key)
        if row is None:
            return False
        self._dead[row >> 3] |= np.uint8(1 << (row & 7))
        self._dead_count += 1
        return True

    def _live_base_row(self, key: int) -> int | None:
        if not 0 <= key <= np.iinfo(self._keys.dtype).max:
            return None
        row = int(np.searchsorted(self._keys, self._keys.dtype.type(key)))
        if row == len(self._keys) or int(self._keys[row]) != key:
            return None
        return None if (int(self._dead[row >> 3]) >> (row & 7)) & 1 else row

    def _live(self) -> tuple[Keys, Codes]:
        rows = np.arange(len(self._base))
        rows = rows[(self._dead[rows >> 3] >> (rows & 7)) & 1 == 0]
        tail = np.flatnonzero(self._tail_live[: self._tail_end])
        keys = np.concatenate([self._keys[rows].astype(np.int64), self._tail_keys[tail]])
        return keys, np.concatenate([self._base.codes[rows], self._tail_codes[tail]])


def _built(keys: Keys, codes: Codes) -> tuple[NDArray[np.uint32] | Keys, MultiIndex]:
    """Sorted keys, in 4 bytes each where they fit, and the index over the codes in that order."""
    if len(keys) > 1 and not bool(np.all(keys[1:] > keys[:-1])):
        order = np.argsort(keys, kind="stable")
        keys, codes = keys[order], codes[order]
        if bool(np.any(keys[1:] == keys[:-1])):
            raise ValueError("keys repeat")
    small = not len(keys) or int(keys[-1]) < _SMALL_KEY
    return (keys.astype(np.uint32) if small else keys.astype(np.int64)), MultiIndex(codes)
