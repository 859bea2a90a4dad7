"""Candidates for a query, by words and by meaning, each bounded however many listings there are.

By words: at most so many, the most sought-after ones where more match, each with its rank. By
meaning: the nearest neighbours of the query's embedding, as far as they are near at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Select,
    func,
    literal,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from marketplace.core.columns import HalfVector
from marketplace.search.conditions import COLUMNS, Chosen, on_columns, on_index
from marketplace.search.encoder import Encoder
from marketplace.search.hottest import hottest
from marketplace.search.models import TEXT_DIMENSIONS, SearchDocument, SearchVector
from marketplace.search.synonyms import Choice, Phrase

MOST_PARTIAL = 200
MOST_NEAR = 100
WEIGHTS = "{0.1, 0.3, 0.6, 1.0}"
"""Of ts_rank: description, names, tags, title."""
_BY_LENGTH = 1  # ts_rank divides by 1 + log(length): a long description is no better by itself

_TUNE = text("""
    SELECT set_config('hnsw.ef_search', '120', true),
           set_config('hnsw.iterative_scan', 'relaxed_order', true),
           set_config('hnsw.max_scan_tuples', '20000', true)
""")
FIELDS = (
    "listing_id",
    *COLUMNS.values(),
    "verified",
    "sales",
    "price_cents",
    "cooling",
    "trending",
    "published_at",
    "consistency",
    "consistency_rank",
    "rating",
    "rating_count",
    "rating_rank",
)
"""What is read of every candidate: all that it is counted, sorted and shown by."""


@dataclass(frozen=True)
class Words:
    """What a text must hold, and must not."""

    language: str
    wanted: Sequence[Choice]
    unwanted: Sequence[Phrase] = ()

    @property
    def every(self) -> ColumnElement[Any] | None:
        """All choices; None when nothing is wanted."""
        parts = [self._any_of(choice) for choice in self.wanted]
        return reduce(lambda a, b: a.op("&&")(b), parts) if parts else None

    @property
    def some(self) -> ColumnElement[Any] | None:
        """At least one of the choices."""
        parts = [self._any_of(choice) for choice in self.wanted]
        return reduce(lambda a, b: a.op("||")(b), parts) if parts else None

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        """What holds however a listing is found: quoted phrases in it, unwanted ones not."""
        exact = [self._any_of(choice) for choice in self.wanted if choice.exact]
        holds = SearchDocument.words.bool_op("@@")
        found: list[ColumnElement[bool]] = [holds(one) for one in exact]
        return [*found, *(~holds(self._phrase(words)) for words in self.unwanted)]

    def _any_of(self, choice: Choice) -> ColumnElement[Any]:
        parts = [self._phrase(phrase) for phrase in choice.phrases]
        return reduce(lambda a, b: a.op("||")(b), parts).self_group()

    def _phrase(self, words: Phrase) -> ColumnElement[Any]:
        language: ColumnElement[Any] = literal_column(f"'{self.language}'::regconfig")
        return func.phraseto_tsquery(language, " ".join(words), type_=TSQUERY)


def by_words(
    session: Session,
    query: ColumnElement[Any],
    words: Words,
    chosen: Chosen,
    most: int,
) -> Sequence[Any]:
    """Documents that match, each with its ``rank``; the most sought-after ones where more do."""
    matched = SearchDocument.words.bool_op("@@")(query)
    conditions = [matched, *words.conditions, *on_index(chosen)]

    def rank(table: Any) -> ColumnElement[Any]:
        weights: ColumnElement[Any] = literal_column(f"'{WEIGHTS}'::real[]")
        return func.ts_rank(weights, table.words, query, _BY_LENGTH)

    return hottest(session, conditions, most, FIELDS, rank)


def by_meaning(
    session: Session,
    encoder: Encoder,
    meaning: str,
    words: Words,
    chosen: Chosen,
    farthest: float,
    most: int = MOST_NEAR,
) -> Sequence[Any]:
    """Documents whose text means nearly the same, each with its ``distance``, the nearest first.

    With filters the index is read on until enough of them pass, or 20,000 were looked at.

    Args:
        farthest: cosine distance beyond which a neighbour is no answer.
    """
    vector = literal(encoder.encode_query(meaning).tolist(), HalfVector(TEXT_DIMENSIONS))
    distance = SearchVector.embedding.op("<=>", return_type=Float())(vector)
    nearest: Select[Any] = (
        select(*_fields(), distance.label("distance"))
        .join(SearchVector, SearchVector.listing_id == SearchDocument.listing_id)
        .where(
            SearchVector.embedded_by == encoder.name,
            *words.conditions,
            *on_columns(SearchDocument, chosen),
        )
        .order_by(distance)
        .limit(most)
    )
    session.execute(_TUNE)
    rows = session.execute(nearest).all()
    near = [row for row in rows if row.distance <= farthest]
    return sorted(near, key=lambda row: (row.distance, row.listing_id))


def _fields() -> list[Any]:
    return [SearchDocument.__table__.c[name] for name in FIELDS]
