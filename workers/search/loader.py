"""Reads fingerprints out of PostgreSQL in bulk, and what changed since, missing no late commit.

Every fingerprint's row carries the number of the transaction that wrote it. A reader notes the
oldest transaction still open (the horizon) *before* it reads; whatever it could not see yet then
carries a number from the horizon up, so the next reading begins there. Rows read twice do no harm.
After a restore into a new cluster old rows may carry numbers from the future: they are read more
often than needed, never missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.verification.hash_search import Source
from workers.search.mih import Codes, codes_of

PAGE_ROWS = 200_000
"""20 MB a page: far within the time limit of one statement."""

_HEADER, _TRAILER = 19, 2
_BITS = [("length", ">i4"), ("bits", ">i4"), ("hash", "V32")]
_RECORD = np.dtype(
    [
        ("fields", ">i2"),
        ("number", [("length", ">i4"), ("value", ">i8")]),
        ("quality", [("length", ">i4"), ("value", ">i4")]),
        ("pdq", _BITS),
        ("dct256", _BITS),
    ]
)
_QUERIES = {
    Source.SAMPLE: """
        COPY (
          SELECT e.id, s.pdq_quality, s.pdq, s.dct256
          FROM copy_index_entries e JOIN samples s ON s.id = e.sample_id
          WHERE e.id > %(after)s AND e.changed_in >= %(since)s
            AND s.fingerprint_version = %(version)s
            AND s.pdq IS NOT NULL AND s.pdq_quality IS NOT NULL AND s.dct256 IS NOT NULL
          ORDER BY e.id LIMIT %(limit)s
        ) TO STDOUT (FORMAT BINARY)""",
    Source.CORPUS: """
        COPY (
          SELECT id, pdq_quality, pdq, dct256 FROM corpus_items
          WHERE id > %(after)s AND changed_in >= %(since)s AND fingerprint_version = %(version)s
          ORDER BY id LIMIT %(limit)s
        ) TO STDOUT (FORMAT BINARY)""",
}


@dataclass(frozen=True)
class Page:
    """Fingerprints in the order of their numbers: (n,) numbers and qualities, (n, 4) codes."""

    numbers: NDArray[np.int64]
    quality: NDArray[np.int64]
    pdq: Codes
    dct256: Codes


def horizon(session: Session) -> int:
    """Number of the oldest transaction still open; ask before reading, begin there next time."""
    query = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    return int(session.execute(query).scalar_one())


def row_count(session: Session) -> int:
    """How many fingerprints there are."""
    query = text(
        "SELECT (SELECT count(*) FROM copy_index_entries) + (SELECT count(*) FROM corpus_items)"
    )
    return int(session.execute(query).scalar_one())


def pages(session: Session, source: Source, version: int, since: int = 0) -> Iterator[Page]:
    """Fingerprints of that definition, written by transaction `since` or later.

    Raises:
        ValueError: when the database sends something else than the four columns asked for.
    """
    after = -1
    while True:
        page = _page(
            session,
            _QUERIES[source],
            {"after": after, "since": since, "version": version, "limit": PAGE_ROWS},
        )
        if len(page.numbers):
            yield page
            after = int(page.numbers[-1])
        if len(page.numbers) < PAGE_ROWS:
            return


def _page(session: Session, query: str, values: dict[str, int]) -> Page:
    """One page through binary COPY: records of fixed length, taken apart by numpy."""
    driver: Any = session.connection().connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(query, values) as copy:
        data = b"".join(bytes(block) for block in copy)
    body = len(data) - _HEADER - _TRAILER
    if body < 0 or body % _RECORD.itemsize:
        raise ValueError("unexpected answer to COPY: records of another length")
    records = np.frombuffer(data, _RECORD, body // _RECORD.itemsize, _HEADER)
    if np.any(records["fields"] != 4) or np.any(records["pdq"]["bits"] != 256):
        raise ValueError("unexpected answer to COPY: other columns")
    return Page(
        numbers=records["number"]["value"].astype(np.int64),
        quality=records["quality"]["value"].astype(np.int64),
        pdq=codes_of(records["pdq"]["hash"].tobytes()),
        dct256=codes_of(records["dct256"]["hash"].tobytes()),
    )
