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
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

from sqlalchemy import ClauseElement, ColumnElement, Executable, Select, and_, select, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session

from marketplace.search.models import SearchDocument

MANY = 5_000
"""Matches that are all read without a thought."""
_SPARE = 2.0
"""Twice as many as are wanted: the planner guesses."""
_KEPT_FOR = 60.0
_DOCUMENT: Any = SearchDocument.__table__.c
"""Plain columns: rows of them are read in half the time of mapped ones."""
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
    conditions: Sequence[ColumnElement[bool]],
    most: int,
    columns: Sequence[Any],
    rank: Callable[[Any], ColumnElement[Any]] | None = None,
) -> Sequence[Any]:
    """The most sought-after documents that have all of the conditions, the hottest first.

    Args:
        columns: names of what is read of each.
        rank: makes one more column, ``rank``, of a table that has ``words``.
    """
    bound = bound_for(session, and_(*conditions), most)
    if bound is not None:
        above = [*conditions, _DOCUMENT.trending >= bound]
        found = session.execute(_read(_walked(above, most), columns, rank)).all()
        if len(found) >= most:
            return found  # whatever lies below the bound would come after these
    return session.execute(_read(_gathered(conditions, most), columns, rank)).all()


def _walked(conditions: Sequence[ColumnElement[bool]], most: int) -> Select[Any]:
    ids = select(_DOCUMENT.listing_id, _DOCUMENT.trending).where(*conditions)
    return ids.order_by(_DOCUMENT.trending.desc()).limit(most)


def _gathered(conditions: Sequence[ColumnElement[bool]], most: int) -> Select[Any]:
    """Gathered before they are sorted.

    Else, for words that hardly ever stand together, the index of demand may be walked from one end
    to the other in search of what is not there.
    """
    gathered = (
        select(_DOCUMENT.listing_id, _DOCUMENT.trending)
        .where(*conditions)
        .cte("gathered")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    return select(gathered).order_by(gathered.c.trending.desc()).limit(most)


def _read(
    ids: Select[Any], names: Sequence[str], rank: Callable[[Any], ColumnElement[Any]] | None
) -> Select[Any]:
    """The documents of these ids: only of those that are shown all columns are fetched."""
    chosen = ids.subquery()
    wanted: list[Any] = [_DOCUMENT[name] for name in names]
    if rank is not None:
        wanted.append(rank(_DOCUMENT).label("rank"))
    joined = select(*wanted).join(chosen, chosen.c.listing_id == _DOCUMENT.listing_id)
    return joined.order_by(chosen.c.trending.desc())


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
