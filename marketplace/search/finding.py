"""One search, from what is wanted to a page of listings: the function behind site and command."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Select, func, literal, select
from sqlalchemy.orm import Session

from marketplace.search import by_picture, exploring, ordering
from marketplace.search.by_query import Candidates, candidates
from marketplace.search.conditions import on_columns
from marketplace.search.counts import Counts, count_all, count_cells
from marketplace.search.cube import Cube, cube_of
from marketplace.search.looks import image_encoder_of
from marketplace.search.models import SearchDocument
from marketplace.search.signature import read
from marketplace.search.wanted import Cursor, Wanted
from marketplace.sentences.encoder import encoder_of
from marketplace.settings import Settings

PAGE_SIZE = 24
GATHERED = 5_000
"""Up to so many matches are gathered by their facets and sorted; among more of them a page is soon
full when the order's own index is walked."""


@dataclass(frozen=True)
class Hit:
    """A listing found."""

    listing_id: str
    is_newcomer: bool = False
    """In a place that is kept for the new (exploring.py)."""
    picture: by_picture.Likeness | None = None
    """Which of our pictures is like the one that was looked for."""


@dataclass(frozen=True)
class Found:
    """A page of a search, and what is said about the whole."""

    hits: Sequence[Hit]
    counts: Counts
    after: Cursor | None = None
    """Where the next page begins; None on the last."""
    at_least: bool = False
    """True when more may match than were counted."""
    corrections: Mapping[str, str] = field(default_factory=dict)
    """Mistyped words, and what was looked for instead."""
    by_meaning: bool = True
    """False where words alone could be compared."""
    anything: int = 0
    """How many the words or the picture found, whatever the facets; 0 without either."""
    nothing_to_find: bool = False
    """True when all that was typed says nothing: signs, or words such as "the"."""


def find(
    session: Session,
    settings: Settings,
    wanted: Wanted,
    size: int | None = None,
    in_full: bool = False,
) -> Found:
    """A page of what is wanted; of PAGE_SIZE listings unless told otherwise.

    Args:
        in_full: every word must be there; nothing that holds some, or means nearly the same.
    """
    size = size or PAGE_SIZE
    if not wanted.is_search:
        return _browse(session, settings, wanted, size)
    encoder = encoder_of(settings) if wanted.q and not in_full else None
    found = Candidates()
    if wanted.q:
        found = candidates(session, settings.search_language, encoder, wanted, in_full=in_full)
    likenesses: dict[str, by_picture.Likeness] = {}
    if wanted.look:
        image_encoder = image_encoder_of(settings)
        signature = read(wanted.look, image_encoder)
        if signature is not None:
            likenesses = by_picture.alike(session, signature, image_encoder)
            found.add_pictures(session, likenesses, wanted.sort)
    every = list(found.rows.values())
    cells = [row.cell for row in every]
    cube = cube_of(session, settings.search_counts_seconds, cells)
    rows = every
    if wanted.chosen:
        fitting = set(cube.of(Counter(cells)).fitting(wanted.chosen))
        rows = [row for row in every if row.cell in fitting]
    scores = found.scores()
    newcomers = _draw(wanted, rows)
    page = ordering.sorted_rows(rows, scores, wanted.sort, wanted.after)
    hits, after = _page(page, newcomers, wanted, scores, size, likenesses)
    return Found(
        hits=hits,
        counts=count_cells(cube, cells, wanted.chosen),
        after=after,
        at_least=found.capped,
        corrections=found.corrections,
        by_meaning=encoder is not None or not wanted.q,
        anything=len(found.rows),
        nothing_to_find=found.nothing_to_find and not likenesses,
    )


def _browse(session: Session, settings: Settings, wanted: Wanted, size: int) -> Found:
    cube = cube_of(session, settings.search_counts_seconds)
    counts = count_all(cube, wanted.chosen)
    newcomers: Sequence[Any] = []
    if wanted.sort in exploring.SORTS:
        new = exploring.newcomers(session, wanted.chosen, wanted.sort)
        newcomers = exploring.draw(new, _key(wanted))
    query, table = _narrowed(wanted, counts, cube)
    if wanted.after is not None:
        query = query.where(ordering.behind(wanted.sort, wanted.after, table))
    query = query.order_by(*ordering.order_by(wanted.sort, table))
    rows = session.execute(query.limit(size + len(newcomers) + 1)).all()
    hits, after = _page(rows, newcomers, wanted, {}, size, {})
    return Found(hits=hits, counts=counts, after=after)


def _narrowed(wanted: Wanted, counts: Counts, cube: Cube) -> tuple[Select[Any], Any]:
    """What is chosen, and the table whose columns it is sorted by.

    Among few matches none of the order's indexes is of use: it would be walked to its end. Then the
    index of cells has all that is needed to sort them.
    """
    table = SearchDocument.__table__.c
    columns = [table[name] for name in ("listing_id", *ordering.columns(wanted.sort))]
    if not wanted.chosen or counts.total > GATHERED:
        return select(*columns).where(*on_columns(table, wanted.chosen)), table
    gathered = (
        select(*columns)
        .where(table.cell == func.any(literal(cube.fitting(wanted.chosen), ARRAY(BigInteger))))
        .cte("gathered")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    return select(gathered), gathered.c


def _draw(wanted: Wanted, rows: Sequence[Any]) -> list[Any]:
    if wanted.sort not in exploring.SORTS:
        return []
    return exploring.draw([row for row in rows if row.is_new], _key(wanted))


def _key(wanted: Wanted) -> str:
    """Of a day's draw: the same on every page of a search."""
    return f"{wanted.q}/{wanted.look}/{sorted(wanted.chosen.items())}"


def _page(
    rows: Sequence[Any],
    newcomers: Sequence[Any],
    wanted: Wanted,
    scores: Mapping[str, float],
    size: int,
    likenesses: Mapping[str, by_picture.Likeness],
) -> tuple[list[Hit], Cursor | None]:
    """The hits of a page, and where the next one begins.

    Newcomers sit on the first page; on later ones they are left out, wherever they would come.
    """
    first = wanted.after is None
    drawn = {row.listing_id for row in newcomers}
    ranked = [row for row in rows if first or row.listing_id not in drawn]
    natural = {row.listing_id for row in ranked[:size]}
    room = size - sum(first and row.listing_id not in natural for row in newcomers)
    shown = ranked[:room]
    after = ordering.cursor_of(shown[-1], scores, wanted.sort) if len(ranked) > room else None
    page = exploring.seat(shown, newcomers) if first else shown
    natural = {row.listing_id for row in shown}
    return [
        Hit(
            listing_id=row.listing_id,
            is_newcomer=row.listing_id not in natural,
            picture=likenesses.get(row.listing_id),
        )
        for row in page
    ], after
