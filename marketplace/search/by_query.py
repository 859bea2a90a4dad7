"""What a query's words find: exactly, in part, and by meaning, as rankings to be fused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, select
from sqlalchemy.orm import Session

from marketplace.search import matching
from marketplace.search.beside import beside
from marketplace.search.by_picture import Likeness
from marketplace.search.fusion import fuse
from marketplace.search.models import SearchDocument
from marketplace.search.spelling import look_up
from marketplace.search.synonyms import choices, corrected, groups
from marketplace.search.wanted import Sort, Wanted
from marketplace.search.words import parse
from marketplace.sentences.encoder import Encoder

MOST = 240
"""So many full matches are read, ranked and counted: ten pages, and nobody scrolls further."""
ENOUGH = 24
"""With so many full matches nobody needs listings that hold only some of the words."""
SAME_PICTURE, LIKE_PICTURE = 4.0, 1.0
"""What a place among the same, and among like, pictures is worth beside the words' rankings."""


@dataclass(frozen=True)
class Weights:
    """How the words' rankings are put together; ``bench.search --choose`` tries others."""

    full: float = 1.0
    """Of a place among listings that hold every word."""
    meaning: float = 0.75
    """Of a place among those that mean nearly the same."""
    partial: float = 0.8
    """Of a place among those that hold some of the words."""
    farthest: float = 0.76
    """Cosine distance beyond which MiniLM's neighbours have nothing to do with the query."""
    k: float = 60.0
    """How much the first places are worth more than the next (fusion.py)."""


CHOSEN = Weights()
"""Chosen on one half of the judged queries and tested on the other: see docs/search.md."""


@dataclass
class Candidates:
    """All that may be shown, by listing id, and the rankings that it came from."""

    rows: dict[str, Any] = field(default_factory=dict)
    rankings: list[tuple[float, list[str]]] = field(default_factory=list)
    k: float = CHOSEN.k
    capped: bool = False
    """True when more match than were read."""
    corrections: dict[str, str] = field(default_factory=dict)
    nothing_to_find: bool = False

    def add(self, weight: float, rows: Sequence[Any]) -> None:
        """Another ranking, the best first."""
        ids = [row[0] for row in rows]  # the id comes first (matching.fields)
        self.rankings.append((weight, ids))
        self.rows = dict(zip(ids, rows, strict=True)) | self.rows

    def add_pictures(
        self, session: Session, likenesses: Mapping[str, Likeness], sort: Sort
    ) -> None:
        """Listings whose pictures are like the one that is looked for."""
        query = select(*matching.fields(sort)).where(
            SearchDocument.__table__.c.listing_id.in_(list(likenesses))
        )
        by_id = {row.listing_id: row for row in session.execute(query, matching.new_since())}
        found = [by_id[listing_id] for listing_id in likenesses if listing_id in by_id]
        self.add(SAME_PICTURE, [row for row in found if likenesses[row.listing_id].same])
        self.add(LIKE_PICTURE, found)

    def scores(self) -> dict[str, float]:
        """Every listing's score in the fused ranking."""
        return dict(fuse(self.rankings, self.k))


def candidates(
    session: Session,
    language: str,
    encoder: Encoder | None,
    wanted: Wanted,
    weights: Weights = CHOSEN,
    in_full: bool = False,
) -> Candidates:
    """What the words find, facets not yet applied, so that they can be counted.

    Only where more match than are read are they read again within the facets.
    """
    query = parse(wanted.q)
    known = {word for phrase in groups() for word in phrase}
    corrections, empty = look_up(session, query.loose_words, language, known)
    words = matching.Words(
        language, choices(query.wanted, corrections), [term.words for term in query.unwanted]
    )
    meant = {word: best[0] for word, best in corrections.items()}
    found = Candidates(corrections=meant, k=weights.k)
    said = [term for term in query.wanted if term.exact or not empty.issuperset(term.words)]
    if not said:
        found.nothing_to_find = True
        return found
    near = None
    if encoder is not None:
        meaning = corrected(query.wanted, corrections)
        bind = session.get_bind()
        near = beside(_near, bind, encoder, meaning, words, weights.farthest, wanted.sort)
    full = matching.by_words(session, words.every, words, {}, MOST, wanted.sort)
    found.capped = len(full) >= MOST
    found.add(weights.full, full)
    if found.capped and wanted.chosen:
        found.add(0.0, full)
        within = matching.by_words(session, words.every, words, wanted.chosen, MOST, wanted.sort)
        found.rankings[0] = (weights.full, [row.listing_id for row in within])
        found.rows.update({row.listing_id: row for row in within})
    partial = None
    if not in_full and len(full) < ENOUGH and len(words.wanted) > 1:
        partial = matching.by_words(
            session, words.some, words, {}, matching.MOST_PARTIAL, wanted.sort
        )
    if near is not None:
        found.add(weights.meaning, near.result())
    if partial is not None:
        found.add(weights.partial, partial)
    return found


def _near(
    bind: Engine | Connection,
    encoder: Encoder,
    meaning: str,
    words: matching.Words,
    farthest: float,
    sort: Sort,
) -> Sequence[Any]:
    """What means nearly the same, over a connection of its own: it runs beside the rest."""
    with Session(bind) as session:
        return matching.by_meaning(session, encoder, meaning, words, {}, farthest, sort=sort)
