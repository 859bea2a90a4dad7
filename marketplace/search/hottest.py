"""The most sought-after of many matches: looked for where they are few, by levels of demand.

A bitmap of all matches, read and sorted, costs in proportion to them; levels.py says how a search
for common words is spared that. Where to begin is guessed from the planner's own statistics: a
wrong guess costs time, never a match.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    TextClause,
    bindparam,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from marketplace.search.levels import SHARES
from marketplace.search.models import SearchDocument, SearchLevel

FEW = 1_000
"""Matches that are all read without a thought."""
_SPARE = 2.0
"""Twice as many as are wanted: the planner guesses."""
_KNOWN_FOR = 60.0
_DOCUMENT: Any = SearchDocument.__table__.c
"""Plain columns: rows of them are read in half the time of mapped ones."""
_LEVEL: Any = SearchLevel.__table__.c
_PLACE: ColumnElement[Any] = literal_column("search_documents.ctid")


def parsed(language: str, query: str | None = None) -> ColumnElement[Any]:
    """A query in to_tsquery's writing; without one, the parameter ``query``.

    One parameter however many synonyms: a statement stays the same and is compiled once.
    """
    config: ColumnElement[Any] = literal_column(f"'{language}'::regconfig")
    written: Any = bindparam("query") if query is None else query
    return func.to_tsquery(config, written, type_=TSQUERY)


def holds(language: str, query: str | None = None) -> ColumnElement[bool]:
    """Whether a document has what the query asks for."""
    found: ColumnElement[bool] = _DOCUMENT.words.bool_op("@@")(parsed(language, query))
    return found


@dataclass(frozen=True)
class Reading:
    """What is read of documents, and of which; kept, it is built and analysed only once."""

    conditions: Sequence[ColumnElement[bool]]
    columns: Sequence[ColumnElement[Any]]
    """Over the table's own columns."""
    order: Sequence[ColumnElement[Any]] = ()
    """For those that are found; without it the hottest come first."""
    _statements: dict[int, Select[Any]] = field(default_factory=dict, compare=False)

    def within(self, level: int) -> Select[Any]:
        """The hottest of a level, or with 0 of all; parameter ``most``: how many at most."""
        if level not in self._statements:
            self._statements[level] = self._read(_gathered([*self.conditions, *_of_level(level)]))
        return self._statements[level]

    def _read(self, places: Select[Any]) -> Select[Any]:
        """The documents in these places: only of those that are shown all columns are fetched.

        A row's place in its table holds for as long as one statement runs, and needs no index.
        """
        chosen = places.subquery()
        joined = select(*self.columns).join_from(
            SearchDocument.__table__, chosen, chosen.c.place == _PLACE
        )
        return joined.order_by(*(self.order or [chosen.c.trending.desc()]))


def hottest(
    session: Session,
    language: str,
    reading: Reading,
    values: Mapping[str, Any],
    most: int,
    queries: Sequence[str],
) -> Sequence[Any]:
    """The most sought-after documents that have all of a reading's conditions.

    Args:
        values: of the parameters of its conditions.
        queries: what it looks for, and each part of it by itself where there are several: for the
            guess.
    """
    for level in _levels(session, language, queries, most):
        found = session.execute(reading.within(level), {**values, "most": most}).all()
        if len(found) >= most:
            return found  # whatever is below the level would come after these
    return session.execute(reading.within(0), {**values, "most": most}).all()


class _Present:
    """Whether a database has levels, as it was in the last minute; small shops have none."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: dict[str, tuple[float, bool]] = {}

    def of(self, session: Session) -> bool:
        """Levels that come or go in between cost time, not matches."""
        key = str(session.get_bind())
        with self._lock:
            known = self._known.get(key)
        if known is None or known[0] < time.monotonic():
            level = session.scalar(select(_LEVEL.level).limit(1))
            known = time.monotonic() + _KNOWN_FOR, level is not None
            with self._lock:
                self._known[key] = known
        return known[1]

    def forget(self) -> None:
        """Look again (tests)."""
        with self._lock:
            self._known.clear()


present = _Present()


def _levels(session: Session, language: str, queries: Sequence[str], most: int) -> list[int]:
    """The levels to look in, from the first that should hold enough matches downwards.

    The planner takes words for independent, though "coffee" seldom comes without "cup". So where
    it sees few matches but no part is rare, the largest level is looked into, which costs little.
    """
    if not present.of(session):
        return []
    matches, *singles = _guessed(session, language, queries)
    wanted = max(_SPARE * most, FEW / 4)
    levels = [level for level in sorted(SHARES, reverse=True) if matches * SHARES[level] >= wanted]
    largest = min(SHARES)
    if not levels and singles and min(singles) * SHARES[largest] >= wanted:
        return [largest]
    return levels


def _of_level(level: int) -> list[ColumnElement[bool]]:
    """Written into the statement, as the level's index is declared: else it is not found.

    The bound is read by the statement itself, so that it goes with the rows that are seen. Without
    one nothing has that level.
    """
    if not level:
        return []
    bound = select(_LEVEL.bound).where(_LEVEL.level == literal_column(str(level)))
    return [
        _DOCUMENT.level >= literal_column(str(level)),
        _DOCUMENT.trending >= bound.scalar_subquery(),
    ]


def _gathered(conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """Gathered before they are sorted.

    Else, for words that hardly ever stand together, the index of demand may be walked from one end
    to the other in search of what is not there.
    """
    gathered = (
        select(_PLACE.label("place"), _DOCUMENT.trending)
        .where(*conditions)
        .cte("gathered")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    return select(gathered).order_by(gathered.c.trending.desc()).limit(bindparam("most"))


def _guessed(session: Session, language: str, queries: Sequence[str]) -> list[float]:
    """How many documents the planner thinks hold each of these."""
    values = {f"query_{number}": query for number, query in enumerate(queries)}
    found = session.execute(_explain(language, len(queries)), values).scalar()
    plan = (found if isinstance(found, list) else json.loads(str(found)))[0]["Plan"]
    return [float(part["Plan Rows"]) for part in (plan["Plans"] if len(queries) > 1 else [plan])]


@lru_cache(maxsize=64)
def _explain(language: str, queries: int) -> TextClause:
    holds = f"words @@ to_tsquery('{language}'::regconfig, :query_%s)"
    each = [f"SELECT listing_id FROM search_documents WHERE {holds % n}" for n in range(queries)]  # noqa: S608 (a setting and numbers)
    return text(f"EXPLAIN (FORMAT JSON) {' UNION ALL '.join(each)}")
