"""All listing samples as a worker searches them: indexes in memory, kept in step with PostgreSQL.

PostgreSQL holds the truth. A process loads everything at its first search and what is new at each
later one; about 6 kB of memory a sample.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from marketplace.core.database import Database
from marketplace.listings.models import Sample
from marketplace.verification.window_models import SampleWindows
from workers.fingerprints import features, windows
from workers.search.copies import PDQ_QUALITY
from workers.search.windows import STORED_VOTERS, FeatureIndex, PdqIndex, WindowIndex

PRINTS_VERSION = windows.WINDOWS_VERSION * 1000 + features.FEATURES_VERSION
"""Of what is stored in sample_windows."""
_LATE = timedelta(minutes=10)
"""Rows are read again for so long: a transaction may commit after a younger one."""
_CHUNK = 2000


@dataclass(frozen=True, slots=True)
class _Stored:
    """One row as the indexes take it."""

    sample_id: str
    pdq: bytes | None
    hashes: windows.WindowHashes
    voters: features.Features


class Catalogue:
    """Indexes over all samples of one database. Refreshing is safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clear()

    def _clear(self) -> None:
        self.pdq, self.windows, self.voters = PdqIndex(), WindowIndex(), FeatureIndex()
        self._slots: dict[str, int] = {}
        self._ids: list[str] = []
        self._newest: datetime | None = None

    def __len__(self) -> int:
        return len(self._slots)

    def ids(self, slots: Iterable[int]) -> dict[int, str]:
        """Sample ids by slot."""
        return {slot: self._ids[slot] for slot in slots}

    def slots(self, sample_ids: Iterable[str]) -> set[int]:
        """Slots of those samples that are known."""
        return {self._slots[known] for known in sample_ids if known in self._slots}

    def refresh(self, session: Session) -> None:
        """Take in what PostgreSQL has and the indexes have not."""
        with self._lock:
            self._take_in(session)
            if self._count(session) != len(self):
                # Samples were deleted, or a transaction committed very late: begin again.
                self._clear()
                self._take_in(session)

    def _take_in(self, session: Session) -> None:
        query = _rows()
        if self._newest is not None:
            query = query.where(SampleWindows.created_at > self._newest - _LATE)
        for chunk in session.execute(query).partitions(_CHUNK):
            self._add([row for row in chunk if row.sample_id not in self._slots])

    def _add(self, rows: Sequence[Row[Any]]) -> None:
        stored = [_read(row) for row in rows]
        first = len(self._ids)
        numbered = list(enumerate(stored, first))
        self._ids += [each.sample_id for each in stored]
        self._slots.update((each.sample_id, slot) for slot, each in numbered)
        self.pdq.add([(slot, each.pdq) for slot, each in numbered if each.pdq is not None])
        self.windows.add([(slot, each.hashes) for slot, each in numbered])
        self.voters.add([(slot, each.voters) for slot, each in numbered])
        moments = [row.created_at for row in rows]
        self._newest = max([*moments, *([self._newest] if self._newest else [])], default=None)

    @staticmethod
    def _count(session: Session) -> int:
        query = (
            select(func.count())
            .select_from(SampleWindows)
            .join(Sample, Sample.id == SampleWindows.sample_id)
            .where(SampleWindows.version == PRINTS_VERSION, Sample.pdq.is_not(None))
        )
        return session.scalar(query) or 0


_catalogues: WeakKeyDictionary[Database, Catalogue] = WeakKeyDictionary()
_catalogues_lock = threading.Lock()


def catalogue_of(database: Database) -> Catalogue:
    """This process's catalogue of a database; made empty at first use."""
    with _catalogues_lock:
        return _catalogues.setdefault(database, Catalogue())


def _rows() -> Select[Any]:
    """Of the keypoints only the codes of those that vote (codes are stored before places)."""
    return (
        select(
            SampleWindows.sample_id,
            SampleWindows.windows,
            SampleWindows.created_at,
            func.octet_length(SampleWindows.keypoints).label("length"),
            func.substring(SampleWindows.keypoints, 1, STORED_VOTERS * 32).label("voters"),
            Sample.pdq,
            Sample.pdq_quality,
        )
        .join(Sample, Sample.id == SampleWindows.sample_id)
        .where(SampleWindows.version == PRINTS_VERSION, Sample.pdq.is_not(None))
        .order_by(SampleWindows.created_at)
    )


def _read(row: Row[Any]) -> _Stored:
    count = min(STORED_VOTERS, row.length // features.BYTES)
    codes: NDArray[np.uint8] = np.frombuffer(row.voters, np.uint8, count * 32).reshape(count, 32)
    return _Stored(
        sample_id=row.sample_id,
        pdq=row.pdq if row.pdq_quality >= PDQ_QUALITY else None,
        hashes=windows.unpack(row.windows),
        voters=features.Features(np.zeros((count, 2), np.float32), codes),
    )
