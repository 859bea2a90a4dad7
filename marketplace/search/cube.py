"""The kept counts in this process's memory, as arrays that a page sums in about a millisecond.

search_counts has one row for each combination of facets that occurs: tens of thousands for a
million listings, too many for PostgreSQL to sum nine ways within a page. A process reads them once,
and from then on only those that changed.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, cast, literal_column, select
from sqlalchemy.orm import Session

from marketplace.search.conditions import COLUMNS, Chosen, fits, values_of
from marketplace.search.models import SearchCount
from marketplace.search.wanted import Facet

FACETS = tuple(Facet)
_ROOM = 1_024
_OLDEST_RUNNING = cast(literal_column("pg_snapshot_xmin(pg_current_snapshot())::text"), BigInteger)


@dataclass(frozen=True)
class Cube:
    """Listings by combination of facets, at one moment."""

    values: Sequence[Sequence[Any]]
    """For each facet, its columns' values by code."""
    codes: NDArray[np.int32]
    """(facets, combinations)"""
    listings: NDArray[np.int64]
    """(combinations,)"""

    def count(self, chosen: Chosen) -> Iterator[tuple[Facet, Any, int, int]]:
        """Sums as (facet, value, missed, listings).

        ``missed`` is 0 where everything chosen fits, a facet's number from 1 where it alone does
        not: those are told for that very facet.
        """
        misses = np.zeros(self.listings.shape, dtype=np.int8)
        missed = np.zeros(self.listings.shape, dtype=np.int8)
        for number, facet in enumerate(FACETS):
            if facet in chosen:
                wanted = values_of(facet, chosen[facet])
                fitting = [fits(facet, value, wanted) for value in self.values[number]]
                off = ~np.array(fitting, dtype=bool)[self.codes[number]]
                misses += off
                missed[off] = number + 1
        everything = np.where(misses == 0, self.listings, 0)
        for number, facet in enumerate(FACETS):
            yield from self._sums(number, 0, everything)
            if facet in chosen:
                own = np.where((misses == 1) & (missed == number + 1), self.listings, 0)
                yield from self._sums(number, number + 1, own)

    def _sums(
        self, number: int, missed: int, listings: NDArray[np.int64]
    ) -> Iterator[tuple[Facet, Any, int, int]]:
        sums = np.bincount(self.codes[number], listings, len(self.values[number]))
        for code in map(int, np.flatnonzero(sums)):
            yield FACETS[number], self.values[number][code], missed, int(sums[code])


@dataclass
class _Reader:
    """What has been read of one database so far."""

    lock: Lock = field(default_factory=Lock)
    cube: Cube | None = None
    read_at: float = 0.0
    _since: int = 0
    """What was not visible yet was written by this transaction or a later one."""
    _places: dict[tuple[Any, ...], int] = field(default_factory=dict)
    _values: list[dict[Any, int]] = field(default_factory=lambda: [{} for _ in FACETS])
    _codes: NDArray[np.int32] = field(
        default_factory=lambda: np.zeros((len(FACETS), _ROOM), dtype=np.int32)
    )
    _listings: NDArray[np.int64] = field(default_factory=lambda: np.zeros(_ROOM, dtype=np.int64))

    def refresh(self, session: Session) -> Cube:
        """Read what has changed since the last time."""
        columns = [getattr(SearchCount, COLUMNS[facet]) for facet in FACETS]
        query = select(*columns, SearchCount.listings, _OLDEST_RUNNING).where(
            SearchCount.changed >= self._since
        )
        self._take(session.execute(query).all())
        used = len(self._places)
        self.cube = Cube(
            values=[list(codes) for codes in self._values],
            codes=self._codes[:, :used].copy(),
            listings=self._listings[:used].copy(),
        )
        self.read_at = time.monotonic()
        return self.cube

    def _take(self, rows: Iterable[Any]) -> None:
        for *cell, listings, oldest_running in rows:
            key = tuple(cell)
            place = self._places.get(key)
            if place is None:
                place = self._add(key)
            self._listings[place] = listings
            self._since = oldest_running

    def _add(self, key: tuple[Any, ...]) -> int:
        place = len(self._places)
        if place == self._listings.size:
            self._codes = np.concatenate([self._codes, np.zeros_like(self._codes)], axis=1)
            self._listings = np.concatenate([self._listings, np.zeros_like(self._listings)])
        self._places[key] = place
        for number, value in enumerate(key):
            codes = self._values[number]
            self._codes[number, place] = codes.setdefault(value, len(codes))
        return place


_readers: dict[str, _Reader] = {}


def cube_of(session: Session, keep: float) -> Cube:
    """The counts as they are, or were at most so many seconds ago; 0 reads all of them anew.

    While one thread reads what has changed, the others go on with what they have.
    """
    if not keep:
        return _Reader().refresh(session)
    reader = _readers.setdefault(str(session.get_bind()), _Reader())
    if reader.cube is not None:
        fresh = time.monotonic() - reader.read_at < keep
        if fresh or not reader.lock.acquire(blocking=False):
            return reader.cube
    else:
        reader.lock.acquire()
    try:
        return reader.refresh(session)
    finally:
        reader.lock.release()
