"""The orders of a list, once for SQL and once for rows in memory, and places to go on from.

Every order ends with the listing's id and runs in one direction, so that a place in it is one
comparison, which an index answers at any depth.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, literal, tuple_

from marketplace.search.wanted import Cursor, Sort

_COLUMNS: Mapping[Sort, tuple[tuple[str, ...], bool]] = {
    Sort.TRENDING: (("trending",), True),
    Sort.NEWEST: (("published_at",), True),
    Sort.CONSISTENT: (("consistency_rank",), True),
    Sort.RATED: (("rating_rank",), True),
    Sort.PRICE_LOW: (("price_cents", "cooling"), False),
    Sort.PRICE_HIGH: (("price_cents", "trending"), True),
}
"""The columns of an order, and whether it runs downwards."""
SCORE = "score"


def columns(sort: Sort) -> tuple[str, ...]:
    """Columns of SearchDocument that an order compares, besides the listing's id."""
    return () if sort is Sort.RELEVANCE else _COLUMNS[sort][0]


def order_by(sort: Sort, table: Any) -> list[ColumnElement[Any]]:
    """For SQL over SearchDocument, whose indexes have these very columns, or rows of it."""
    names, falling = _COLUMNS[sort]
    columns = [getattr(table, name) for name in (*names, "listing_id")]
    return [column.desc() if falling else column.asc() for column in columns]


def behind(sort: Sort, cursor: Cursor, table: Any) -> ColumnElement[bool]:
    """For SQL over the same: rows after that place."""
    names, falling = _COLUMNS[sort]
    columns = [getattr(table, name) for name in (*names, "listing_id")]
    values = [*_values(names, cursor), cursor.listing_id]
    here = tuple_(*columns)
    there = tuple_(
        *(literal(value, column.type) for value, column in zip(values, columns, strict=True))
    )
    return here < there if falling else here > there


def sorted_rows(
    rows: Sequence[Any], scores: Mapping[str, float], sort: Sort, after: Cursor | None
) -> list[Any]:
    """Rows in memory in that order, from behind the place on.

    Args:
        rows: with the columns of the order; the first is the listing's id.
    """
    falling = sort is Sort.RELEVANCE or _COLUMNS[sort][1]
    if sort is Sort.RELEVANCE:
        places = [(scores.get(row[0], 0.0), row[0]) for row in rows]
    else:
        read = attrgetter(*_COLUMNS[sort][0], "listing_id")
        places = [read(row) for row in rows]
    # A place ends with the id, which is unique: rows themselves are never compared.
    found = sorted(zip(places, rows, strict=True), reverse=falling)
    if after is not None:
        names = (SCORE,) if sort is Sort.RELEVANCE else _COLUMNS[sort][0]
        here = (*_values(names, after), after.listing_id)
        found = [one for one in found if (one[0] < here if falling else one[0] > here)]
    return [row for _, row in found]


def cursor_of(row: Any, scores: Mapping[str, float], sort: Sort) -> Cursor:
    """The place of a row."""
    if sort is Sort.RELEVANCE:
        return Cursor((scores.get(row.listing_id, 0.0),), row.listing_id)
    values = [getattr(row, name) for name in _COLUMNS[sort][0]]
    return Cursor(
        tuple(value.isoformat() if isinstance(value, datetime) else value for value in values),
        row.listing_id,
    )


def read_cursor(text: str, sort: Sort) -> Cursor | None:
    """The place that an address names; None for one that is none in this order."""
    names = (SCORE,) if sort is Sort.RELEVANCE else _COLUMNS[sort][0]
    *parts, identifier = text.split("~")
    if len(parts) != len(names):
        return None
    keys: list[float | str] = []
    for name, part in zip(names, parts, strict=True):
        try:
            if name == "published_at":
                if datetime.fromisoformat(part).tzinfo is None:
                    return None
                keys.append(part)
            else:
                number = float(part)
                if not math.isfinite(number) or abs(number) > 1e9:
                    return None
                keys.append(number)
        except ValueError:
            return None
    return Cursor(tuple(keys), identifier)


def write_cursor(cursor: Cursor) -> str:
    """For an address."""
    parts = [key if isinstance(key, str) else repr(key) for key in cursor.keys]
    return "~".join([*parts, cursor.listing_id])


def _values(names: Sequence[str], cursor: Cursor) -> list[Any]:
    return [
        datetime.fromisoformat(str(key)) if name == "published_at" else _number(name, key)
        for name, key in zip(names, cursor.keys, strict=True)
    ]


def _number(name: str, key: float | str) -> float | int:
    whole = name in ("price_cents", "consistency_rank")
    return int(float(key)) if whole else float(key)
