"""What search knows of bulk listings: documents, demand, embeddings, counts and words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime

import numpy as np
import psycopg
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from demo.bulk.meaning import COPY_HEADER, COPY_TRAILER, Composer, copy_rows
from marketplace.search import documents, levels
from marketplace.search.models import SearchCount, SearchDocument
from marketplace.search.vocabulary import Tally
from marketplace.settings import Settings

BATCH = 10_000
WORDS_FROM = 20_000
"""So many listings' words are counted; the others are made of the same lists."""
EXPONENT = 0.8
"""Of the law by which demand falls with rank (Zipf)."""
_EPOCH = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
_WEEK = 604_800.0

Step = Callable[[int], None]

_CELL = ", ".join(column.name for column in SearchCount.__table__.primary_key)
_COUNT = text(f"""
    INSERT INTO search_counts ({_CELL}, listings)
    SELECT {_CELL}, count(*) FROM search_documents GROUP BY {_CELL}
""")  # noqa: S608 (names of columns)
_DIGESTS = text(
    "SELECT listing_id, text_digest FROM search_documents WHERE listing_id = ANY(:ids) "
    "ORDER BY listing_id"
)
_DEMAND = text("""
    UPDATE search_documents SET sales = wanted.sales, trending = wanted.trending
    FROM unnest(CAST(:ids AS text[]), CAST(:sales AS integer[]), CAST(:trending AS float8[]))
         AS wanted(listing_id, sales, trending)
    WHERE search_documents.listing_id = wanted.listing_id
""")


def write_documents(session: Session, ids: Sequence[str], settings: Settings, step: Step) -> None:
    """Documents by the very statements that the site uses; nothing waits for workers afterwards."""
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        documents.write(session, batch, settings.search_language, embed=False)
        step(len(batch))
    session.execute(
        text("DELETE FROM search_pending WHERE subject = ANY(:ids)"), {"ids": list(ids)}
    )


def spread_demand(
    session: Session, ids: Sequence[str], published: Sequence[datetime], moment: datetime, seed: int
) -> int:
    """Give some listings sales, by Zipf's law; returns how many have any.

    Only search is told: orders would be money that nobody paid, and the books must stay true.
    """
    top = max(3, min(5_000, len(ids) // 20))
    sold = min(len(ids), int(top ** (1 / EXPONENT)))
    chosen = np.random.default_rng([seed, 3]).permutation(len(ids))[:sold]
    sales = [int(top / rank**EXPONENT) for rank in range(1, sold + 1)]
    trending = []
    for place, many in zip(chosen, sales, strict=True):
        began = published[place]
        weeks = max((moment - began).total_seconds() / _WEEK, 1.0)
        start = (began - _EPOCH).total_seconds() / _WEEK
        # The sum of 2^t over sales spread evenly from then to now, as documents.py would have it.
        late = many / weeks * 2.0 ** (start + weeks) / np.log(2)
        trending.append(float(np.log2(2.0**start + late)))
    session.execute(
        _DEMAND, {"ids": [ids[place] for place in chosen], "sales": sales, "trending": trending}
    )
    return sold


def set_levels(session: Session) -> None:
    """Give the documents their levels of demand, by the bounds that workers would choose."""
    documents = session.scalar(select(func.count()).select_from(SearchDocument)) or 0
    levels.set_all(session, levels.bounds(session, documents))


def write_vectors(
    session: Session,
    ids: Sequence[str],
    places: Sequence[tuple[int, ...]],
    composer: Composer,
    step: Step,
) -> None:
    """Embeddings, straight in PostgreSQL's own format: as text they would take five times as long.

    Args:
        ids: in rising order.
        places: where each one's parts are kept in the composer.
    """
    for start in range(0, len(ids), BATCH):
        batch = list(ids[start : start + BATCH])
        digests = {
            row.listing_id: row.text_digest for row in session.execute(_DIGESTS, {"ids": batch})
        }
        vectors = composer.vectors(places[start : start + BATCH])
        body = copy_rows(batch, [digests[one] for one in batch], composer.encoder.name, vectors)
        with (
            driver(session)
            .cursor()
            .copy(
                "COPY search_vectors (listing_id, text_digest, embedded_by, embedding) "
                "FROM STDIN (FORMAT binary)"
            ) as sink
        ):
            sink.write(COPY_HEADER + body + COPY_TRAILER)
        step(len(batch))


def count_facets(session: Session) -> None:
    """Count all documents anew: the triggers that keep the counts were quiet."""
    session.execute(text("DELETE FROM search_counts"))
    session.execute(_COUNT)


def count_words(session: Session, ids: Sequence[str], settings: Settings) -> int:
    """The vocabulary, from some of the listings; returns how many words there are.

    Counts are scaled up to the whole; words that only others hold are rare.
    """
    tally = Tally()
    for start in range(0, min(len(ids), WORDS_FROM), BATCH):
        batch = ids[start : min(start + BATCH, WORDS_FROM)]
        tally.add(documents.words_of(session, batch, settings.search_language))
    scale = max(1.0, len(ids) / WORDS_FROM)
    tally.documents = Counter({word: int(n * scale) for word, n in tally.documents.items()})
    return tally.store(session)


def driver(session: Session) -> psycopg.Connection[tuple[object, ...]]:
    """The session's connection as psycopg has it, for COPY."""
    connection = session.connection().connection.driver_connection
    if not isinstance(connection, psycopg.Connection):
        raise TypeError("bulk listings need psycopg")
    return connection
