"""Bringing search up to date: from the notes that changes leave, or all of it from the listings.

Notes are rows, written by triggers in the transaction that changes something; a message only wakes
a worker. Whoever is killed leaves its notes, and the next sweep takes them up again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.listings.models import Listing
from marketplace.listings.states import ListingState
from marketplace.search import documents, embedding, levels, looking, pictures, vocabulary
from marketplace.search.models import SearchDocument, SearchPending
from marketplace.sentences.encoder import encoder_of
from marketplace.settings import Settings

BATCH = 500
"""Documents written in one transaction."""
SLICE = 32
"""Texts or pictures computed between two transactions."""
BUDGET = 10.0
"""Seconds a worker spends on embeddings and looks before other tasks get their turn."""
TAKEN_FOR = timedelta(minutes=2)
"""A worker that has not finished a slice after so long is taken for dead."""
_TAKE = text("""
    UPDATE search_pending SET taken_until = :until WHERE id IN (
        SELECT id FROM search_pending
        WHERE kind = :kind AND (taken_until IS NULL OR taken_until < :now)
        ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED
    ) RETURNING id, subject
""")
_REFRESH = [
    text(f"ANALYZE search_{name}") for name in ("documents", "vectors", "pictures", "words")
]

Progress = Callable[[str, int, int], None]
"""Told after each step: what is being done, how many are done, of how many."""
Work = Callable[[Services, Sequence[str]], None]


def update(parts: Services, budget: float = BUDGET) -> int:
    """Work off the notes; returns how many documents changed.

    Documents are never left waiting. Embeddings and looks take their time: one worker computes
    them at a time, so that the others stay free for other tasks.
    """
    changed = 0
    while True:
        with unit_of_work(parts.database) as session:
            ids = _noted(session)
            changed += write(session, ids, parts.settings) if ids else 0
        if len(ids) < BATCH:
            break
    deadline = time.monotonic() + budget
    for kind, work in _slow_work(parts.settings):
        with unit_of_work(parts.database) as session:
            busy = _is_taken(session, kind)
        while not busy and time.monotonic() < deadline and _work_slice(parts, kind, work):
            pass
    return changed


def write(session: Session, listing_ids: Sequence[str], settings: Settings) -> int:
    """Write these listings' documents with their pictures and words; returns how many changed."""
    changed = documents.write(session, listing_ids, settings.search_language)
    pictures.sync(session, listing_ids)
    vocabulary.learn(session, documents.words_of(session, listing_ids, settings.search_language))
    return changed


def rebuild(parts: Services, progress: Progress) -> int:
    """Make everything anew from the live listings, while the site goes on; returns their number.

    What is unchanged is not computed again: embeddings follow texts and the encoder's name.
    """
    with unit_of_work(parts.database) as session:
        total = session.scalar(
            select(func.count()).select_from(Listing).where(Listing.state == ListingState.LIVE)
        )
    tally, done = vocabulary.Tally(), 0
    for ids in _all_listings(parts):
        with unit_of_work(parts.database) as session:
            documents.write(session, ids, parts.settings.search_language)
            pictures.sync(session, ids)
            tally.add(documents.words_of(session, ids, parts.settings.search_language))
        done += len(ids)
        progress("documents", min(done, total or 0), total or 0)
    with unit_of_work(parts.database) as session:
        tally.store(session)
    encoder = encoder_of(parts.settings)
    if encoder is not None:
        with unit_of_work(parts.database) as session:
            embedding.note_outdated(session, encoder)
    for kind, work in _slow_work(parts.settings):
        _work_all(parts, kind, work, progress)
    with unit_of_work(parts.database) as session:
        for statement in _REFRESH:
            session.execute(statement)
    levels.measure(parts)
    return total or 0


def _slow_work(settings: Settings) -> list[tuple[str, Work]]:
    """What takes time for each subject; embeddings only where there is an encoder."""
    found: list[tuple[str, Work]] = [("look", looking.look_at)]
    if encoder_of(settings) is not None:
        found.append(("embed", embedding.embed))
    return found


def _noted(session: Session) -> list[str]:
    """Take the oldest notes about documents; they are gone when the session commits."""
    oldest = (
        select(SearchPending.id)
        .where(SearchPending.kind == "document")
        .order_by(SearchPending.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    query = delete(SearchPending).where(SearchPending.id.in_(oldest))
    return list(session.scalars(query.returning(SearchPending.subject)))


def _is_taken(session: Session, kind: str) -> bool:
    """True while another worker is at notes of this kind."""
    query = select(SearchPending.id).where(
        SearchPending.kind == kind, SearchPending.taken_until > now()
    )
    return session.scalar(query.limit(1)) is not None


def _work_slice(parts: Services, kind: str, work: Work) -> int:
    """Take some notes, do what they say with no transaction open, and delete them."""
    with unit_of_work(parts.database) as session:
        moment = now()
        values = {"kind": kind, "now": moment, "until": moment + TAKEN_FOR, "most": SLICE}
        rows = session.execute(_TAKE, values).all()
    if rows:
        work(parts, list(dict.fromkeys(row.subject for row in rows)))
        with unit_of_work(parts.database) as session:
            session.execute(
                delete(SearchPending).where(SearchPending.id.in_([row.id for row in rows]))
            )
    return len(rows)


def _work_all(parts: Services, kind: str, work: Work, progress: Progress) -> None:
    with unit_of_work(parts.database) as session:
        total = (
            session.scalar(
                select(func.count()).select_from(SearchPending).where(SearchPending.kind == kind)
            )
            or 0
        )
    done = 0
    what = {"embed": "embeddings", "look": "pictures"}[kind]
    while count := _work_slice(parts, kind, work):
        done += count
        progress(what, min(done, total), max(done, total))


def _all_listings(parts: Services) -> Iterator[list[str]]:
    """Ids of everything live, and of documents that are not live any more, in batches."""
    live = select(Listing.id.label("id")).where(Listing.state == ListingState.LIVE)
    every = live.union(select(SearchDocument.listing_id)).subquery()
    last = ""
    while True:
        with unit_of_work(parts.database) as session:
            query = select(every.c.id).where(every.c.id > last).order_by(every.c.id).limit(BATCH)
            ids = list(session.scalars(query))
        if not ids:
            return
        yield ids
        last = ids[-1]
