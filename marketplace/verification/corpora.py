"""Corpora of pictures from elsewhere: naming them, taking hashes in, and telling of a hit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core.errors import InvalidError, NotFoundError
from marketplace.core.ids import new_id
from marketplace.listings.models import Sample
from marketplace.verification.corpus_models import (
    LICENCE_LENGTH,
    NAME_LENGTH,
    THIS_TRANSACTION,
    Corpus,
    CorpusHit,
    CorpusItem,
)
from marketplace.verification.hash_search import Candidate
from marketplace.verification.models import VerificationRun
from marketplace.verification.policy import FindingDraft

REMOVED_AT_ONCE = 10_000
MAX_HITS = 20
"""Per sample; a case needs proof, not a census."""


@dataclass(frozen=True)
class HashedPicture:
    """One picture of a corpus: its name below the folder, and its hashes."""

    ref: str
    pdq: bytes
    pdq_quality: int
    phash64: bytes
    dct256: bytes
    version: int


def open_corpus(session: Session, name: str, licence: str, note: str = "") -> Corpus:
    """The corpus of that name, made where it is missing; its licence and note are kept current.

    Raises:
        InvalidError: for a name or licence that is blank or too long.
    """
    name, licence = name.strip(), licence.strip()
    for text, limit, what in ((name, NAME_LENGTH, "name"), (licence, LICENCE_LENGTH, "licence")):
        if not text or len(text) > limit:
            raise InvalidError(f"A corpus needs a {what} of at most {limit} characters.")
    corpus = session.scalar(select(Corpus).where(Corpus.name == name))
    if corpus is None:
        corpus = Corpus(name=name, licence=licence, note=note)
        session.add(corpus)
    corpus.licence = licence
    corpus.note = note or corpus.note
    session.flush()
    return corpus


def known_refs(session: Session, corpus_id: str, refs: Sequence[str], version: int) -> set[str]:
    """Those of the names that are in already, hashed by that definition."""
    return set(
        session.scalars(
            select(CorpusItem.ref).where(
                CorpusItem.corpus_id == corpus_id,
                CorpusItem.ref.in_(refs),
                CorpusItem.fingerprint_version == version,
            )
        )
    )


def store_items(session: Session, corpus_id: str, pictures: Sequence[HashedPicture]) -> None:
    """Take hashes in; a name that is known gets its new hashes (names must not repeat)."""
    if not pictures:
        return
    rows = [_columns(corpus_id, picture) for picture in pictures]
    new = insert(CorpusItem).values(rows)
    hashes = ("pdq", "pdq_quality", "phash64", "dct256", "fingerprint_version")
    session.execute(
        new.on_conflict_do_update(
            index_elements=["corpus_id", "ref"],
            set_={name: new.excluded[name] for name in hashes}
            | {"changed_in": THIS_TRANSACTION, "imported_at": func.clock_timestamp()},
        )
    )


def count_items(session: Session, corpus_id: str, refused: int) -> Corpus:
    """Bring the corpus's counts up to date at the end of an import."""
    corpus = session.get_one(Corpus, corpus_id)
    items = select(func.count()).select_from(CorpusItem).where(CorpusItem.corpus_id == corpus_id)
    corpus.item_count = session.scalar(items) or 0
    corpus.refused_count = refused
    return corpus


def all_corpora(session: Session) -> list[Corpus]:
    """Every corpus by name."""
    return list(session.scalars(select(Corpus).order_by(Corpus.name)))


def corpus_named(session: Session, name: str) -> Corpus:
    """Raises NotFoundError when there is none of that name."""
    corpus = session.scalar(select(Corpus).where(Corpus.name == name))
    if corpus is None:
        raise NotFoundError("There is no corpus of that name.")
    return corpus


def remove_some(session: Session, corpus_id: str) -> bool:
    """Remove up to ten thousand items, in the end the corpus; True while something is left.

    In portions, because the database ends a statement that takes half a minute.
    """
    portion = select(CorpusItem.id).where(CorpusItem.corpus_id == corpus_id).limit(REMOVED_AT_ONCE)
    removed = session.execute(delete(CorpusItem).where(CorpusItem.id.in_(portion)))
    if removed.rowcount:  # type: ignore[attr-defined]
        return True
    session.delete(session.get_one(Corpus, corpus_id))
    return False


def record_hits(
    session: Session, run: VerificationRun, sample: Sample, candidates: Sequence[Candidate]
) -> None:
    """Keep the nearest corpus pictures among the candidates (nearest first); repeating is safe."""
    near = [one for one in candidates if one.corpus_item_id is not None][:MAX_HITS]
    for one in near:
        item = session.get(CorpusItem, one.corpus_item_id)
        if item is None:
            continue  # its corpus was removed this very moment
        session.execute(
            insert(CorpusHit)
            .values(
                id=new_id(),
                run_id=run.id,
                sample_id=sample.id,
                corpus_name=item.corpus.name,
                ref=item.ref,
                distance=one.distance,
                orientation=one.orientation,
            )
            .on_conflict_do_nothing()
        )


def findings(session: Session, run: VerificationRun) -> list[FindingDraft]:
    """What moderators read about a run's corpus hits, nearest first."""
    rows = session.execute(
        select(CorpusHit, Sample.position)
        .join(Sample, CorpusHit.sample_id == Sample.id)
        .where(CorpusHit.run_id == run.id)
        .order_by(CorpusHit.distance, Sample.position, CorpusHit.ref)
    ).all()
    return [
        FindingDraft(
            "SAMPLE_STOLEN",
            "serious",
            "samples",
            f"Sample {position} was found in corpus {hit.corpus_name}: {hit.ref} "
            f"({hit.orientation}, distance {hit.distance} of 256 bits).",
        )
        for hit, position in rows
    ]


def _columns(corpus_id: str, picture: HashedPicture) -> dict[str, Any]:
    return {
        "corpus_id": corpus_id,
        "ref": picture.ref,
        "pdq": picture.pdq,
        "pdq_quality": picture.pdq_quality,
        "phash64": picture.phash64,
        "dct256": picture.dct256,
        "fingerprint_version": picture.version,
    }
