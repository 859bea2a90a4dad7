"""Tables of pictures from elsewhere (corpora), and of what the copy index has to take in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Identity,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.columns import CreatedAt, HashBits, Id, RefId
from marketplace.core.database import Base

NAME_LENGTH = 80
LICENCE_LENGTH = 200
THIS_TRANSACTION = text("(pg_current_xact_id()::text::bigint)")


class Corpus(Base):
    """A collection of pictures that sellers must not pass off as their own."""

    __tablename__ = "corpora"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(NAME_LENGTH), unique=True)
    licence: Mapped[str] = mapped_column(String(LICENCE_LENGTH))
    note: Mapped[str] = mapped_column(Text, default="")
    item_count: Mapped[int] = mapped_column(default=0)
    refused_count: Mapped[int] = mapped_column(default=0)
    """Files that the latest import could not take: no pictures, damaged, too large…"""
    created_at: Mapped[CreatedAt]


class CorpusItem(Base):
    """The hashes of one picture of a corpus; the picture itself is not kept."""

    __tablename__ = "corpus_items"
    __table_args__ = (UniqueConstraint("corpus_id", "ref"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    corpus_id: Mapped[RefId] = mapped_column(ForeignKey("corpora.id", ondelete="CASCADE"))
    ref: Mapped[str] = mapped_column(Text)
    """The file's name below the folder it was imported from."""
    pdq: Mapped[bytes] = mapped_column(HashBits(256))
    pdq_quality: Mapped[int]
    phash64: Mapped[bytes] = mapped_column(HashBits(64))
    dct256: Mapped[bytes] = mapped_column(HashBits(256))
    fingerprint_version: Mapped[int]
    imported_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.clock_timestamp()
    )
    changed_in: Mapped[int] = mapped_column(BigInteger, server_default=THIS_TRANSACTION, index=True)
    """The transaction that wrote the hashes (see workers.search.loader)."""

    corpus: Mapped[Corpus] = relationship(lazy="joined")


class CopyIndexEntry(Base):
    """A number for a fingerprinted sample, written by a trigger whenever its hashes change."""

    __tablename__ = "copy_index_entries"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    sample_id: Mapped[RefId] = mapped_column(
        ForeignKey("samples.id", ondelete="CASCADE"), unique=True
    )
    changed_in: Mapped[int] = mapped_column(BigInteger, server_default=THIS_TRANSACTION, index=True)


class CorpusHit(Base):
    """A sample that looks like a picture of a corpus; readable after the corpus is gone."""

    __tablename__ = "corpus_hits"
    __table_args__ = (UniqueConstraint("run_id", "sample_id", "corpus_name", "ref"),)

    id: Mapped[Id]
    run_id: Mapped[RefId] = mapped_column(ForeignKey("verification_runs.id", ondelete="CASCADE"))
    sample_id: Mapped[RefId] = mapped_column(
        ForeignKey("samples.id", ondelete="CASCADE"), index=True
    )
    corpus_name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    ref: Mapped[str] = mapped_column(Text)
    distance: Mapped[int]
    """Bits of 256."""
    orientation: Mapped[str] = mapped_column(String(40))
    """How the sample had to be turned or trimmed to match."""
    found_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.clock_timestamp()
    )
