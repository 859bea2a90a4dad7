"""Documents' texts as vectors: computed by workers, kept beside the digest of what was read."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.search.documents import lock_writing, texts_of
from marketplace.search.models import SearchDocument, SearchVector
from marketplace.sentences.encoder import Encoder, encoder_of

_NOTE_OUTDATED = text("""
    INSERT INTO search_pending (kind, subject)
    SELECT 'embed', listing_id FROM search_documents d WHERE NOT EXISTS (
        SELECT 1 FROM search_vectors v
        WHERE v.listing_id = d.listing_id AND v.text_digest = d.text_digest
          AND v.embedded_by = :name
    ) AND NOT EXISTS (
        SELECT 1 FROM search_pending p
        WHERE p.kind = 'embed' AND p.subject = d.listing_id AND p.taken_until IS NULL
    )
""")


def embed(parts: Services, listing_ids: Sequence[str]) -> None:
    """Embed the present texts of these documents; those that are gone are passed over.

    A text that changes meanwhile has left a note of its own.
    """
    encoder = encoder_of(parts.settings)
    if encoder is None:
        raise RuntimeError("no sentence encoder")
    with unit_of_work(parts.database) as session:
        texts = texts_of(session, listing_ids)
    rows = [
        {
            "listing_id": listing_id,
            "text_digest": digest,
            "embedded_by": encoder.name,
            "embedding": encoder.encode(body).tolist(),
        }
        for listing_id, digest, body in texts
    ]
    with unit_of_work(parts.database) as session:
        lock_writing(session)  # so that no document goes between the look and the insert
        present = set(
            session.scalars(
                select(SearchDocument.listing_id).where(
                    SearchDocument.listing_id.in_([row["listing_id"] for row in rows])
                )
            )
        )
        _store(session, [row for row in rows if row["listing_id"] in present])


def note_outdated(session: Session, encoder: Encoder) -> None:
    """Note every document that has no vector of its present text by this encoder."""
    session.execute(_NOTE_OUTDATED, {"name": encoder.name})


def _store(session: Session, rows: Sequence[dict[str, object]]) -> None:
    if not rows:
        return
    statement = insert(SearchVector)
    fresh = statement.excluded
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["listing_id"],
            set_={
                "text_digest": fresh.text_digest,
                "embedded_by": fresh.embedded_by,
                "embedding": fresh.embedding,
            },
        ),
        list(rows),
    )
