"""How sought-after a document must be so that enough match: common words then cost little.

A word that every twentieth document holds has fifty thousand matches among a million. To sort them
by demand each would have to be read, though only the first thousand are wanted. So only those
matches are read that are above a bound which the planner's own statistics say will do; where fewer
come out than were wanted, the caller reads them all, and those are few then.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from threading import Lock
from typing import Any

from sqlalchemy import ClauseElement, ColumnElement, Executable, Select, and_, func, select, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session

from marketplace.search.models import SearchDocument

MANY = 5_000
"""Matches that are all read without a thought."""
_SPARE = 2.0
"""Twice as many as are wanted: the planner guesses."""
_KEPT_FOR = 60.0
_DOCUMENTS = text("SELECT reltuples FROM pg_class WHERE oid = 'search_documents'::regclass")


class _Bounds:
    """Bounds of the last minute, by database and rank."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[tuple[str, int], tuple[float, float | None]] = {}

    def of(self, session: Session, rank: int) -> float | None:
        """The demand of the document at that rank, from the most sought-after; None beyond all."""
        key = (str(session.get_bind()), rank)
        with self._lock:
            known = self._kept.get(key)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        trending = SearchDocument.trending
        bound = session.scalar(select(trending).order_by(trending.desc()).offset(rank).limit(1))
        with self._lock:
            self._kept[key] = (time.monotonic() + _KEPT_FOR, bound)
        return bound


_bounds = _Bounds()


def hottest(
    session: Session,
    columns: Sequence[Any],
    conditions: Sequence[ColumnElement[bool]],
    most: int,
) -> Select[Any]:
    """A query for the most sought-after documents that have all of the conditions.

    Args:
        columns: of SearchDocument, `trending` among them.
    """
    trending = SearchDocument.trending
    bound = bound_for(session, and_(*conditions), most)
    if bound is not None:
        above = [*conditions, trending >= bound]
        enough = select(SearchDocument.listing_id).where(*above).limit(most).subquery()
        # Whatever lies below the bound would come after these.
        if session.scalar(select(func.count()).select_from(enough)) == most:
            return select(*columns).where(*above).order_by(trending.desc()).limit(most)
    # Gathered before they are sorted: else, for words that hardly ever stand together, the index of
    # demand may be walked from one end to the other in search of what is not there.
    gathered = (
        select(*columns)
        .where(*conditions)
        .cte("gathered")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    return select(gathered).order_by(gathered.c.trending.desc()).limit(most)


def bound_for(session: Session, condition: ColumnElement[bool], most: int) -> float | None:
    """A demand above which at least ``most`` documents match, as far as can be guessed.

    None where there are so few matches that all may be read.
    """
    matches = _guessed(session, condition)
    if matches <= MANY:
        return None
    documents = session.scalar(_DOCUMENTS) or 0.0
    rank = _SPARE * most * documents / matches
    # Few different ranks: each costs a walk along the index once a minute.
    rounded = 2 ** math.ceil(math.log2(rank))
    return _bounds.of(session, rounded) if rounded < documents / 2 else None


def _guessed(session: Session, condition: ColumnElement[bool]) -> float:
    """How many documents the planner thinks have it."""
    found = session.execute(_Explain(select(SearchDocument.listing_id).where(condition))).scalar()
    plan = found if isinstance(found, list) else json.loads(str(found))
    return float(plan[0]["Plan"]["Plan Rows"])


class _Explain(Executable, ClauseElement):
    """EXPLAIN of a query, its parameters bound as in the query itself."""

    inherit_cache = False

    def __init__(self, query: Select[Any]) -> None:
        self.query = query


@compiles(_Explain, "postgresql")
def _explain(element: _Explain, compiler: Any, **options: Any) -> str:
    return f"EXPLAIN (FORMAT JSON) {compiler.process(element.query, **options)}"
