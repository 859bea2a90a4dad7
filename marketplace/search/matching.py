"""Candidates for a query, by words and by meaning, each bounded however many listings there are.

By words: at most so many, the most sought-after ones where more match, each with its rank. By
meaning: the nearest neighbours of the query's embedding, as far as they are near at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Select,
    and_,
    bindparam,
    func,
    literal_column,
    select,
)
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.columns import HalfVector
from marketplace.search import ordering
from marketplace.search.conditions import Chosen, on_columns, on_index
from marketplace.search.exploring import FEW_SALES, NEW_FOR
from marketplace.search.hottest import Reading, holds, hottest, parsed
from marketplace.search.models import SearchDocument, SearchVector
from marketplace.search.synonyms import Choice, Phrase
from marketplace.search.wanted import Sort
from marketplace.sentences.encoder import DIMENSIONS, Encoder

MOST_PARTIAL = 200
MOST_NEAR = 100
WEIGHTS = "{0.1, 0.3, 0.6, 1.0}"
"""Of ts_rank: description, names, tags, title."""
_BY_LENGTH = 1  # ts_rank divides by 1 + log(length): a long description is no better by itself

_DOCUMENT: Any = SearchDocument.__table__.c
_VECTOR: Any = SearchVector.__table__.c
"""Plain columns: rows of them are read in half the time of mapped ones."""


@dataclass(frozen=True)
class Words:
    """What a text must hold, and must not."""

    language: str
    wanted: Sequence[Choice]
    unwanted: Sequence[Phrase] = ()

    @property
    def every(self) -> str:
        """All choices, as to_tsquery reads them; empty when nothing is wanted."""
        return " & ".join(_any_of(choice) for choice in self.wanted)

    @property
    def some(self) -> str:
        """At least one of the choices."""
        return " | ".join(_any_of(choice) for choice in self.wanted)

    @property
    def is_plain(self) -> bool:
        """True without quoted phrases and unwanted words."""
        return not self.unwanted and not any(choice.exact for choice in self.wanted)

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        """What holds however a listing is found: quoted phrases in it, unwanted ones not."""
        exact = [holds(self.language, _any_of(choice)) for choice in self.wanted if choice.exact]
        return [*exact, *(~holds(self.language, _quoted(words)) for words in self.unwanted)]


def _any_of(choice: Choice) -> str:
    return f"({' | '.join(_quoted(phrase) for phrase in choice.phrases)})"


def _quoted(words: Phrase) -> str:
    """Words in a row, whatever signs they have."""
    return "'" + " ".join(words).replace("\\", "\\\\").replace("'", "''") + "'"


def fields(sort: Sort) -> list[Any]:
    """What is read of every candidate, its id first: all that it is counted, drawn and sorted by.

    Parameter ``new_since``: who was published later may be new.
    """
    is_new = and_(
        _DOCUMENT.verified,
        _DOCUMENT.sales < literal_column(str(FEW_SALES)),
        _DOCUMENT.published_at > bindparam("new_since"),
    )
    names = dict.fromkeys(("listing_id", "trending", "cell", *ordering.columns(sort)))
    return [*(_DOCUMENT[name] for name in names), is_new.label("is_new")]


def new_since() -> dict[str, Any]:
    """The parameter of `fields`."""
    return {"new_since": now() - NEW_FOR}


def by_words(
    session: Session,
    query: str,
    words: Words,
    chosen: Chosen,
    most: int,
    sort: Sort = Sort.RELEVANCE,
) -> Sequence[Any]:
    """Documents that match, the best ``rank`` first; the most sought-after ones where more do.

    Args:
        query: in to_tsquery's writing.
    """
    if words.is_plain and not chosen:
        reading = _plain_reading(words.language, sort)
    else:
        reading = _reading(words.language, sort, [*words.conditions, *on_index(chosen)])
    queries = [query]
    if query == words.every and len(words.wanted) > 1:
        queries += [_any_of(choice) for choice in words.wanted]
    values = {"query": query, **new_since()}
    return hottest(session, words.language, reading, values, most, queries)


def _reading(language: str, sort: Sort, conditions: Sequence[ColumnElement[bool]]) -> Reading:
    weights: ColumnElement[Any] = literal_column(f"'{WEIGHTS}'::real[]")
    rank = func.ts_rank(weights, _DOCUMENT.words, parsed(language), _BY_LENGTH)
    return Reading(
        conditions=[holds(language), *conditions],
        columns=[*fields(sort), rank.label("rank")],
        # Among equals what more people want, then the id by its bytes, so that the order is one.
        order=[
            literal_column("rank").desc(),
            _DOCUMENT.trending.desc(),
            _DOCUMENT.listing_id.collate("C"),
        ],
    )


@lru_cache(maxsize=64)
def _plain_reading(language: str, sort: Sort) -> Reading:
    """The same for nearly all who search: built, and its key found, only once."""
    return _reading(language, sort, [])


def by_meaning(
    session: Session,
    encoder: Encoder,
    meaning: str,
    words: Words,
    chosen: Chosen,
    farthest: float,
    most: int = MOST_NEAR,
    sort: Sort = Sort.RELEVANCE,
) -> Sequence[Any]:
    """Documents whose text means nearly the same, each with its ``distance``, the nearest first.

    With filters the index is read on until enough of them pass, or 20,000 were looked at.

    Args:
        farthest: cosine distance beyond which a neighbour is no answer.
    """
    if words.is_plain and not chosen:
        nearest = _plain_nearest(sort)
    else:
        nearest = _nearest(sort, [*words.conditions, *on_columns(_DOCUMENT, chosen)])
    values = {
        "vector": encoder.encode_query(meaning).tolist(),
        "encoder": encoder.name,
        "most": most,
        **new_since(),
    }
    rows = session.execute(nearest, values).all()
    near = [row for row in rows if row.distance <= farthest]
    return sorted(near, key=attrgetter("distance", "listing_id"))


def _nearest(sort: Sort, conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    vector = bindparam("vector", type_=HalfVector(DIMENSIONS))
    distance = _VECTOR.embedding.op("<=>", return_type=Float())(vector)
    return (
        select(*fields(sort), distance.label("distance"))
        .join_from(
            SearchDocument.__table__,
            SearchVector.__table__,
            _VECTOR.listing_id == _DOCUMENT.listing_id,
        )
        .where(_VECTOR.embedded_by == bindparam("encoder"), *conditions)
        .order_by(distance)
        .limit(bindparam("most"))
    )


@lru_cache(maxsize=16)
def _plain_nearest(sort: Sort) -> Select[Any]:
    return _nearest(sort, [])
