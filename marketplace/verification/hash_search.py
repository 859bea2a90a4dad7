"""What a search by perceptual hash asks and answers, and the answer straight from PostgreSQL.

The database's scan is exact and needs nothing but the rows; workers put an index in front of it
(workers.search.index), and judge what that finds by the same rows and the same rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from marketplace.core.columns import HashBits
from marketplace.listings.models import Sample
from marketplace.verification.corpus_models import CopyIndexEntry, CorpusItem
from marketplace.verification.similarity import (
    READABLE_QUALITY,
    REPRODUCED_MAX,
    TRUSTED_QUALITY,
    hamming,
)

_BATCH = 5000


class Source(StrEnum):
    """Where a picture was found."""

    SAMPLE = "sample"
    CORPUS = "corpus"


class HashKind(StrEnum):
    """Which hash found it: PDQ where the stored picture's quality is trusted, DCT below."""

    PDQ = "pdq"
    DCT256 = "dct256"


@dataclass(frozen=True)
class Probe:
    """One view of the picture that is asked for, 32 bytes a hash.

    `orientation` is the caller's name for the view ("upright", "mirrored", "trimmed"…). Give both
    hashes whatever the picture's own quality is: which one counts depends on the stored picture.
    """

    orientation: str
    pdq: bytes
    dct256: bytes


@dataclass(frozen=True)
class Candidate:
    """A stored picture within the radius of at least one probe, and its nearest probe."""

    source: Source
    sample_id: str | None
    corpus_item_id: int | None
    distance: int
    orientation: str
    hash: HashKind


@dataclass(frozen=True)
class StoredHashes:
    """The row of one stored picture, as it is now."""

    source: Source
    id: str | int
    quality: int
    pdq: bytes
    dct256: bytes


def kind_for(quality: int) -> HashKind | None:
    """The hash a stored picture is found by; None below readable, where hashes say nothing."""
    if quality < READABLE_QUALITY:
        return None
    return HashKind.PDQ if quality >= TRUSTED_QUALITY else HashKind.DCT256


def judge(rows: Iterable[StoredHashes], probes: Sequence[Probe], radius: int) -> list[Candidate]:
    """The rows that lie within the radius (bits of 256) of a probe, nearest first."""
    found = []
    for row in rows:
        kind = kind_for(row.quality)
        if kind is None or not probes:
            continue
        distance, place = min(
            (hamming(getattr(probe, kind.value), getattr(row, kind.value)), place)
            for place, probe in enumerate(probes)
        )
        if distance <= radius:
            found.append(
                Candidate(
                    source=row.source,
                    sample_id=str(row.id) if row.source is Source.SAMPLE else None,
                    corpus_item_id=int(row.id) if row.source is Source.CORPUS else None,
                    distance=distance,
                    orientation=probes[place].orientation,
                    hash=kind,
                )
            )
    return sorted(found, key=lambda one: (one.distance, one.source, str(one.sample_id)))


def scan(
    session: Session,
    probes: Sequence[Probe],
    version: int,
    radius: int = REPRODUCED_MAX,
    sources: Sequence[Source] = tuple(Source),
) -> list[Candidate]:
    """Compare with every fingerprint of that version in the database: exact, linear in rows."""
    rows: list[StoredHashes] = []
    for source in sources:
        table: Any = Sample if source is Source.SAMPLE else CorpusItem
        rows += _rows(
            session,
            source,
            select(table.id, table.pdq_quality, table.pdq, table.dct256).where(
                table.fingerprint_version == version,
                or_(
                    and_(
                        table.pdq_quality >= TRUSTED_QUALITY,
                        _any_within(table.pdq, [probe.pdq for probe in probes], radius),
                    ),
                    and_(
                        table.pdq_quality >= READABLE_QUALITY,
                        table.pdq_quality < TRUSTED_QUALITY,
                        _any_within(table.dct256, [probe.dct256 for probe in probes], radius),
                    ),
                ),
            ),
        )
    return judge(rows, probes, radius)


def rows_by_number(
    session: Session, source: Source, numbers: Sequence[int], version: int
) -> dict[int, StoredHashes]:
    """Present rows by index entry (samples) or item number (corpora); missing ones are gone."""
    found: dict[int, StoredHashes] = {}
    for start in range(0, len(numbers), _BATCH):
        batch = list(numbers[start : start + _BATCH])
        if source is Source.SAMPLE:
            statement: Any = (
                select(CopyIndexEntry.id, Sample.id, Sample.pdq_quality, Sample.pdq, Sample.dct256)
                .join(Sample, CopyIndexEntry.sample_id == Sample.id)
                .where(
                    CopyIndexEntry.id.in_(batch),
                    Sample.fingerprint_version == version,
                    Sample.pdq.is_not(None),
                )
            )
        else:
            item = CorpusItem
            statement = select(item.id, item.id, item.pdq_quality, item.pdq, item.dct256).where(
                item.id.in_(batch), item.fingerprint_version == version
            )
        for number, *hashes in session.execute(statement):
            found[number] = StoredHashes(source, *hashes)
    return found


def _rows(session: Session, source: Source, statement: Any) -> list[StoredHashes]:
    return [StoredHashes(source, *row) for row in session.execute(statement)]


def _any_within(
    column: InstrumentedAttribute[Any], values: Sequence[bytes], radius: int
) -> ColumnElement[bool]:
    """True where the column lies within the radius of one of the values."""
    return or_(
        literal(False),
        *(
            func.bit_count(column.op("#")(literal(value, HashBits(256)))) <= radius
            for value in values
        ),
    )
