"""Moving batches of counts into the daily sums, each exactly once; what is old goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.vault import PromptVault
from marketplace.core.web.traces import Step
from marketplace.insights.models import CountBatch, KnownTerm, ListingDay, TermDay
from marketplace.listings.models import Listing

AT_ONCE = 200
DAYS_TO_BE_KNOWN = 3
"""On so many different days words must have led to some listing before anybody reads them."""
KEEP_DAYS = 760
"""Two years of sums, for comparing a year with the one before."""
KEEP_RARE_DAYS = 30
KEEP_BATCH_IDS = timedelta(days=1)


def fold(session: Session, vault: PromptVault, most: int = AT_ONCE) -> int:
    """Add waiting batches to the sums; returns how many.

    A batch is marked in the transaction that adds it: whatever is killed when, it counts once.
    Two workers at once take different batches, and write rows in one order.
    """
    batches = session.scalars(
        select(CountBatch)
        .where(CountBatch.folded_at.is_(None))
        .order_by(CountBatch.created_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    ).all()
    if batches:
        _add_counts(session, batches)
        _add_terms(session, vault, batches)
        for batch in batches:
            # What was typed stays in plain letters for seconds only.
            batch.counts, batch.terms, batch.folded_at = [], [], now()
        session.flush()
    return len(batches)


def _add_counts(session: Session, batches: Sequence[CountBatch]) -> None:
    sums: dict[tuple[str, date], Counter[str]] = {}
    for row in (row for batch in batches for row in batch.counts):
        key = (row["listing_id"], date.fromisoformat(row["day"]))
        sums.setdefault(key, Counter()).update({step.value: row[step.value] for step in Step})
    there = _existing(session, {listing_id for listing_id, _ in sums})
    rows = [
        {"listing_id": listing_id, "day": day, **{step.value: counts[step] for step in Step}}
        for (listing_id, day), counts in sorted(sums.items())
        if listing_id in there
    ]
    if not rows:
        return
    statement = insert(ListingDay)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["listing_id", "day"],
            set_={
                step.value: getattr(ListingDay, step.value) + statement.excluded[step.value]
                for step in Step
            },
        ),
        rows,
    )


def _add_terms(session: Session, vault: PromptVault, batches: Sequence[CountBatch]) -> None:
    sums: Counter[tuple[str, bytes, date]] = Counter()
    words: dict[bytes, str] = {}
    for row in (row for batch in batches for row in batch.terms):
        key = term_key(vault, row["term"])
        words[key] = row["term"]
        sums[(row["listing_id"], key, date.fromisoformat(row["day"]))] += row["clicks"]
    there = _existing(session, {listing_id for listing_id, _, _ in sums})
    rows = [
        {"listing_id": listing_id, "term_key": key, "day": day, "clicks": clicks}
        for (listing_id, key, day), clicks in sorted(sums.items())
        if listing_id in there
    ]
    if not rows:
        return
    statement = insert(TermDay)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["listing_id", "term_key", "day"],
            set_={"clicks": TermDay.clicks + statement.excluded.clicks},
        ),
        rows,
    )
    _make_known(session, words)


def _make_known(session: Session, words: dict[bytes, str]) -> None:
    """Keep the words, now that they are at hand, of what has been typed on enough days."""
    often = session.scalars(
        select(TermDay.term_key)
        .where(TermDay.term_key.in_(words))
        .group_by(TermDay.term_key)
        .having(func.count(TermDay.day.distinct()) >= DAYS_TO_BE_KNOWN)
        .order_by(TermDay.term_key)
    ).all()
    if often:
        rows = [{"term_key": key, "words": words[key]} for key in often]
        session.execute(insert(KnownTerm).on_conflict_do_nothing(), rows)


def term_key(vault: PromptVault, term: str) -> bytes:
    """The keyed hash under which words are counted."""
    return vault.digest("search term", term.encode())


def _existing(session: Session, listing_ids: Iterable[str]) -> frozenset[str]:
    """Those that are still there, kept from going until the sums are written."""
    query = select(Listing.id).where(Listing.id.in_(listing_ids)).order_by(Listing.id)
    return frozenset(session.scalars(query.with_for_update(read=True, key_share=True)))


def tidy(session: Session) -> None:
    """Let go of what is old: batches that are added, rare words, days beyond two years."""
    today = now().date()
    session.execute(delete(CountBatch).where(CountBatch.folded_at < now() - KEEP_BATCH_IDS))
    oldest = today - timedelta(days=KEEP_DAYS)
    session.execute(delete(ListingDay).where(ListingDay.day < oldest))
    session.execute(
        delete(TermDay).where(
            (TermDay.day < oldest)
            | (
                (TermDay.day < today - timedelta(days=KEEP_RARE_DAYS))
                & TermDay.term_key.not_in(select(KnownTerm.term_key))
            )
        )
    )
    unused = KnownTerm.term_key.not_in(select(TermDay.term_key))
    session.execute(delete(KnownTerm).where(unused))


def waiting(session: Session) -> int:
    """How many batches wait to be added."""
    query = select(func.count()).select_from(CountBatch).where(CountBatch.folded_at.is_(None))
    return session.scalar(query) or 0
