"""The copy index of a worker process: loaded once, kept in step, every hit confirmed by its row.

PostgreSQL remains the truth. Where the fingerprints would not fit into the memory allowed, the
database's own scan answers: just as exact, only slower.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.core.database import Database
from marketplace.core.unit_of_work import unit_of_work
from marketplace.verification import hash_search
from marketplace.verification.corpus_models import CopyIndexEntry, Corpus
from marketplace.verification.hash_search import Candidate, HashKind, Probe, Source
from marketplace.verification.similarity import (
    READABLE_QUALITY,
    REPRODUCED_MAX,
    TRUSTED_QUALITY,
)
from workers.fingerprints.hashes import DEFINITION_VERSION
from workers.search import loader, mih
from workers.search.hamming_index import HammingIndex, Keys

log = logging.getLogger(__name__)

BYTES_PER_CODE = 100
"""With everything the index keeps beside the code; merging needs as much again for a moment."""
BULK = 50_000
"""So many changes at once are cheaper to take in by loading anew."""


@dataclass
class _Parts:
    """Both hash kinds of both sources, and up to where they were read."""

    horizon: int
    corpora: set[str]
    indexes: dict[tuple[Source, HashKind], HammingIndex] = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        return sum(index.nbytes for index in self.indexes.values())


class CopyIndex:
    """Exact search among all fingerprints of samples and corpora. Safe for threads.

    Args:
        database: whose fingerprints to hold.
        max_bytes: memory allowed; beyond it searches go to the database.
        version: definition of the fingerprints; only equal ones may be compared.
    """

    def __init__(
        self, database: Database, max_bytes: int, version: int = DEFINITION_VERSION
    ) -> None:
        self._database, self._max_bytes, self._version = database, max_bytes, version
        self._lock = threading.RLock()
        self._parts: _Parts | None = None
        self._too_large = False

    @property
    def nbytes(self) -> int:
        """Memory of the loaded index; 0 when searches go to the database."""
        with self._lock:
            return 0 if self._parts is None else self._parts.nbytes

    def search(
        self,
        session: Session,
        probes: Sequence[Probe],
        radius: int = REPRODUCED_MAX,
        sources: Sequence[Source] = tuple(Source),
    ) -> list[Candidate]:
        """Every stored picture within `radius` bits (of 256) of a probe, nearest first.

        Covers all that was committed before the call: commit a sample's own fingerprint first,
        then search, so that of two sellers' equal pictures at least one search sees the other.
        Includes the asking seller's own samples; whose pictures count is the caller's decision.
        """
        self.catch_up()
        with self._lock:
            parts = self._parts
        if parts is None:
            return hash_search.scan(session, probes, self._version, radius, sources)
        rows: list[hash_search.StoredHashes] = []
        for source in sources:
            numbers = sorted(
                {
                    hit.key
                    for kind in HashKind
                    for code in _codes(probes, kind)
                    for hit in parts.indexes[source, kind].search(code, radius)
                }
            )
            present = hash_search.rows_by_number(session, source, numbers, self._version)
            rows += present.values()
            gone = [number for number in numbers if number not in present]
            for kind in HashKind:
                parts.indexes[source, kind].remove(gone)
        return hash_search.judge(rows, probes, radius)

    def has(self, session: Session, source: Source) -> bool:
        """True when anything of that source is stored; asks the database."""
        table = Corpus if source is Source.CORPUS else CopyIndexEntry
        return bool(session.scalar(select(select(table.id).exists())))

    def catch_up(self) -> None:
        """Take in what was committed since the last time; the first time, everything."""
        with self._lock, unit_of_work(self._database) as session:
            if self._parts is None:
                self._load(session)
                return
            corpora = set(session.scalars(select(Corpus.id)))
            if self._parts.corpora - corpora:
                self._load(session)  # a corpus was removed: drop its codes with it
                return
            now = loader.horizon(session)
            since, self._parts.corpora = self._parts.horizon, corpora
            for source in Source:
                for page in loader.pages(session, source, self._version, since):
                    if len(page.numbers) > BULK:
                        self._load(session)
                        return
                    _apply(self._parts, source, page)
            self._parts.horizon = now
            self._mind_memory()

    def _load(self, session: Session) -> None:
        """Everything anew; the old parts answer nobody meanwhile, for the caller holds the lock."""
        self._parts = None
        if loader.row_count(session) * BYTES_PER_CODE > self._max_bytes:
            self._give_up()
            return
        self._too_large = False
        parts = _Parts(loader.horizon(session), set(session.scalars(select(Corpus.id))))
        for source in Source:
            chosen: dict[HashKind, list[tuple[Keys, mih.Codes]]] = {kind: [] for kind in HashKind}
            for page in loader.pages(session, source, self._version):
                for kind in HashKind:
                    chosen[kind].append(_of_kind(page, kind))
            for kind in HashKind:
                parts.indexes[source, kind] = _built(chosen.pop(kind))
        self._parts = parts

    def _mind_memory(self) -> None:
        parts = self._parts
        if parts is None:
            return
        if parts.nbytes > self._max_bytes:
            self._parts = None
            self._give_up()
            return
        for index in parts.indexes.values():
            if index.wants_merge:
                index.merge_in_background()

    def _give_up(self) -> None:
        if not self._too_large:
            log.warning("the copy index would exceed its memory; the database searches instead")
        self._too_large = True


def copy_index(parts: Services) -> CopyIndex:
    """The index of this process for these services; loaded at its first search."""
    with _registry_lock:
        index = _registry.get(parts.database)
        if index is None:
            index = CopyIndex(parts.database, parts.settings.copy_index_mb * 2**20)
            _registry[parts.database] = index
        return index


def warm_up(parts: Services) -> None:
    """Compile and load now rather than at the first search."""
    mih.warm_up()
    copy_index(parts).catch_up()


_registry: WeakKeyDictionary[Database, CopyIndex] = WeakKeyDictionary()
# By database rather than by process: after a fork the child's services have a database of their
# own (workers.app), so it never searches its parent's index.
_registry_lock = threading.Lock()


def _apply(parts: _Parts, source: Source, page: loader.Page) -> None:
    """Add each fingerprint under the hash it is found by, and nowhere else."""
    for kind in HashKind:
        numbers, codes = _of_kind(page, kind)
        index = parts.indexes[source, kind]
        index.remove(np.setdiff1d(page.numbers, numbers))
        index.add(numbers, codes)


def _of_kind(page: loader.Page, kind: HashKind) -> tuple[Keys, mih.Codes]:
    """The page's rows that hash_search.kind_for puts under this kind."""
    if kind is HashKind.PDQ:
        rows = page.quality >= TRUSTED_QUALITY
        return page.numbers[rows], page.pdq[rows]
    rows = (page.quality >= READABLE_QUALITY) & (page.quality < TRUSTED_QUALITY)
    return page.numbers[rows], page.dct256[rows]


def _built(chosen: list[tuple[Keys, mih.Codes]]) -> HammingIndex:
    if not chosen:
        return HammingIndex()
    keys = np.concatenate([numbers for numbers, _ in chosen])
    codes = np.concatenate([codes for _, codes in chosen])
    chosen.clear()  # the pages are no longer needed while the index is built
    return HammingIndex(keys, codes)


def _codes(probes: Sequence[Probe], kind: HashKind) -> mih.Codes:
    return mih.codes_of(b"".join(getattr(probe, kind.value) for probe in probes))
