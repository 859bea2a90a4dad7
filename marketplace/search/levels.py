"""Levels of demand, so that common words cost little however large the shop is.

A word that every twentieth document holds has fifty thousand matches among a million, of which a
search wants the few hundred most sought-after. So the most sought-after quarter of all documents,
within it an eighth, and within that an eighth again, have indexes of their own words: a search
begins in the smallest that should hold enough, and goes down a level where it does not.

What makes that exact: every document whose demand is at or above a level's bound has that level.
Some below it may have it too, for a while; whoever reads a level leaves them out.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.search.documents import lock_writing
from marketplace.search.models import SearchDocument, SearchLevel

SHARES = {1: 1 / 4, 2: 1 / 32, 3: 1 / 256}
"""The part of all documents that each level is to hold."""
FROM = 50_000
"""Documents from which on a shop has levels."""
_FAR_OFF = 1.5
"""A level that is larger or smaller than it should be by more than this is measured anew."""
BATCH = 1_000
"""Documents whose level changes in one transaction: the one who writes documents waits for it."""

_DOCUMENTS = text("SELECT reltuples FROM pg_class WHERE oid = 'search_documents'::regclass")
_SIZES = text("""
    SELECT count(*) FILTER (WHERE level >= 1) AS one, count(*) FILTER (WHERE level >= 2) AS two,
           count(*) FILTER (WHERE level >= 3) AS three
    FROM search_documents WHERE level >= 1
""")
_BOUND = text("SELECT trending FROM search_documents ORDER BY trending DESC OFFSET :rank LIMIT 1")
_MOVE = """
    UPDATE search_documents SET level = wanted.level
    FROM (
        SELECT listing_id, CASE WHEN false THEN 0 {cases} ELSE 0 END AS level FROM search_documents
        WHERE {condition} LIMIT :most
    ) AS wanted
    WHERE search_documents.listing_id = wanted.listing_id
"""
_EVERYTHING = 1_000_000_000


def measure(parts: Services) -> bool:
    """Set the levels anew where they have got far from their sizes; True when that was done.

    Killed at any moment it leaves levels that hold too much, never too little.
    """
    with unit_of_work(parts.database) as session:
        wanted, present = _wanted(session), _present(session)
    if wanted is None:
        return False
    # Up first: whoever reads by the old bounds finds everything, and more.
    while _move(parts, wanted, upwards=True):
        pass
    with unit_of_work(parts.database) as session:
        lock_writing(session)  # nobody writes by the old bounds any more
        _move_some(session, wanted, _EVERYTHING, upwards=True)
        _store(session, wanted)
    while _move(parts, wanted, upwards=False):
        pass
    return wanted != present


def bounds(session: Session, documents: int) -> dict[int, float]:
    """The demand at which each level would have to begin; none for a small shop."""
    if documents < FROM:
        return {}
    found = {}
    for level, share in SHARES.items():
        found[level] = float(session.scalar(_BOUND, {"rank": int(documents * share)}) or 0.0)
    return found


def set_all(session: Session, wanted: Mapping[int, float]) -> None:
    """Give every document its level by these bounds, all in this transaction."""
    lock_writing(session)
    _move_some(session, wanted, _EVERYTHING, upwards=True)
    _move_some(session, wanted, _EVERYTHING, upwards=False)
    _store(session, wanted)


def _store(session: Session, wanted: Mapping[int, float]) -> None:
    """These bounds hold from now on. Every document above them must have its level by then."""
    session.execute(delete(SearchLevel))
    session.add_all(SearchLevel(level=level, bound=bound) for level, bound in wanted.items())
    session.flush()


def _present(session: Session) -> dict[int, float]:
    rows = session.execute(select(SearchLevel.level, SearchLevel.bound))
    return {row.level: row.bound for row in rows}


def _wanted(session: Session) -> dict[int, float] | None:
    """The bounds that there should be; None where those that there are will do."""
    documents = int(session.scalar(_DOCUMENTS) or 0)
    present = _present(session)
    if documents < FROM:
        return {} if present else None
    sizes = dict(zip(SHARES, session.execute(_SIZES).one(), strict=True))
    fits = all(
        1 / _FAR_OFF <= sizes[level] / (documents * share) <= _FAR_OFF
        for level, share in SHARES.items()
    )
    return None if fits and present.keys() == SHARES.keys() else bounds(session, documents)


def _move(parts: Services, wanted: Mapping[int, float], upwards: bool) -> int:
    with unit_of_work(parts.database) as session:
        lock_writing(session)
        return _move_some(session, wanted, BATCH, upwards)


def _move_some(session: Session, wanted: Mapping[int, float], most: int, upwards: bool) -> int:
    """Give some documents the level that these bounds mean; returns how many."""
    if not wanted and upwards:
        return 0
    level = SearchDocument.__tablename__ + ".level"
    falling = sorted(wanted, reverse=True)
    cases = (
        " ".join(f"WHEN trending >= :bound_{n} THEN {n}" for n in falling) or "WHEN false THEN 0"
    )
    if upwards:
        condition = " OR ".join(f"(trending >= :bound_{n} AND {level} < {n})" for n in falling)
    else:
        condition = " OR ".join(
            f"({level} >= {n} AND trending < :bound_{n})" if n in wanted else f"{level} >= {n}"
            for n in SHARES
        )
    values = {f"bound_{n}": bound for n, bound in wanted.items()} | {"most": most}
    moved = session.execute(text(_MOVE.format(cases=cases, condition=condition)), values)
    return int(moved.rowcount)  # type: ignore[attr-defined]
