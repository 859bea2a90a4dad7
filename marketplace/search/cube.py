"""The kept counts in this process's memory, as arrays that a page sums in about a millisecond.

search_counts has one row for each combination of facets that occurs: tens of thousands for a
million listings, too many for PostgreSQL to sum nine ways within a page. A process reads them once,
and from then on only those that changed.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, cast, literal_column, select
from sqlalchemy.orm import Session

from marketplace.search.conditions import COLUMNS, Chosen, fits, values_of
from marketplace.search.generated import cell_of
from marketplace.search.models import SearchCount
from marketplace.search.wanted import Facet

FACETS = tuple(Facet)
_ROOM = 1_024
_CELL: Any = literal_column(cell_of("price_band", "consistency_band", "rating_band"), BigInteger)
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
    cells: NDArray[np.int64]
    """(combinations,): the number that documents with these facets carry."""
    places: Mapping[int, int]
    """Where a cell stands in the arrays; may know of some that came later."""

    def knows(self, cells: Collection[int]) -> bool:
        """Whether all of these are here."""
        size = self.cells.size
        return all(self.places.get(cell, size) < size for cell in cells)

    def of(self, cells: Mapping[int, int]) -> Cube:
        """Only so many listings of only these cells; those that are not here are left out."""
        size = self.cells.size
        there = {
            place: count
            for cell, count in cells.items()
            if (place := self.places.get(cell, size)) < size
        }
        at = np.fromiter(there.keys(), dtype=np.int64, count=len(there))
        return Cube(
            values=self.values,
            codes=self.codes[:, at],
            listings=np.fromiter(there.values(), dtype=np.int64, count=len(there)),
            cells=self.cells[at],
            places={},
        )

    def fitting(self, chosen: Chosen) -> list[int]:
        """The cells with something in them that have what is chosen."""
        misses, _ = self._misses(chosen)
        found: list[int] = self.cells[(misses == 0) & (self.listings > 0)].tolist()
        return found

    def count(self, chosen: Chosen) -> Iterator[tuple[Facet, Any, int, int]]:
        """Sums as (facet, value, missed, listings).

        ``missed`` is 0 where everything chosen fits, a facet's number from 1 where it alone does
        not: those are told for that very facet.
        """
        misses, missed = self._misses(chosen)
        everything = np.where(misses == 0, self.listings, 0)
        for number, facet in enumerate(FACETS):
            yield from self._sums(number, 0, everything)
            if facet in chosen:
                own = np.where((misses == 1) & (missed == number + 1), self.listings, 0)
                yield from self._sums(number, number + 1, own)

    def _misses(self, chosen: Chosen) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
        """For each combination, how many choices it misses, and the last one of them from 1."""
        misses = np.zeros(self.listings.shape, dtype=np.int8)
        missed = np.zeros(self.listings.shape, dtype=np.int8)
        for number, facet in enumerate(FACETS):
            if facet in chosen:
                wanted = values_of(facet, chosen[facet])
                fitting = [fits(facet, value, wanted) for value in self.values[number]]
                off = ~np.array(fitting, dtype=bool)[self.codes[number]]
                misses += off
                missed[off] = number + 1
        return misses, missed

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
    _places: dict[int, int] = field(default_factory=dict)
    _values: list[dict[Any, int]] = field(default_factory=lambda: [{} for _ in FACETS])
    _codes: NDArray[np.int32] = field(
        default_factory=lambda: np.zeros((len(FACETS), _ROOM), dtype=np.int32)
    )
    _listings: NDArray[np.int64] = field(default_factory=lambda: np.zeros(_ROOM, dtype=np.int64))
    _cells: NDArray[np.int64] = field(default_factory=lambda: np.zeros(_ROOM, dtype=np.int64))

    def refresh(self, session: Session) -> Cube:
        """Read what has changed since the last time."""
        columns = [getattr(SearchCount, COLUMNS[facet]) for facet in FACETS]
        query = select(*columns, _CELL, SearchCount.listings, _OLDEST_RUNNING).where(
            SearchCount.changed >= self._since
        )
        self._take(session.execute(query).all())
        used = len(self._places)
        self.cube = Cube(
            values=[list(codes) for codes in self._values],
            codes=self._codes[:, :used].copy(),
            listings=self._listings[:used].copy(),
            cells=self._cells[:used].copy(),
            places=self._places,
        )
        self.read_at = time.monotonic()
        return self.cube

    def _take(self, rows: Iterable[Any]) -> None:
        for *values, cell, listings, oldest_running in rows:
            place = self._places.get(cell)
            if place is None:
                place = self._add(cell, values)
            self._listings[place] = listings
            self._since = oldest_running

    def _add(self, cell: int, values: Sequence[Any]) -> int:
        place = len(self._places)
        if place == self._listings.size:
            self._codes = np.concatenate([self._codes, np.zeros_like(self._codes)], axis=1)
            self._listings = np.concatenate([self._listings, np.zeros_like(self._listings)])
            self._cells = np.concatenate([self._cells, np.zeros_like(self._cells)])
        self._places[cell] = place
        self._cells[place] = cell
        for number, value in enumerate(values):
            codes = self._values[number]
            self._codes[number, place] = codes.setdefault(value, len(codes))
        return place


_readers: dict[str, _Reader] = {}


def cube_of(session: Session, keep: float, cells: Collection[int] = ()) -> Cube:
    """The counts as they are, or were at most so many seconds ago; 0 reads all of them anew.

    While one thread reads what has changed, the others go on with what they have.

    Args:
        cells: combinations that it must know, as far as there are such.
    """
    if not keep:
        return _Reader().refresh(session)
    reader = _readers.setdefault(str(session.get_bind()), _Reader())
    if reader.cube is not None and reader.cube.knows(cells):
        fresh = time.monotonic() - reader.read_at < keep
        if fresh or not reader.lock.acquire(blocking=False):
            return reader.cube
    else:
        reader.lock.acquire()
    try:
        return reader.refresh(session)
    finally:
        reader.lock.release()
