"""Tables of signed reports and of the public keys that signed them."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.columns import CreatedAt, Id, Moment, RefId, enum_column
from marketplace.core.database import Base


class DocumentKind(StrEnum):
    """What a signed document states."""

    REPORT = "report"
    """What a run found."""
    OVERRIDE = "override"
    """The same, with the moderator who put the version on sale nevertheless, and why."""
    CONSISTENCY = "consistency"
    """What the prompt makes of values and seeds that nobody picked."""


class ProofKey(Base):
    """A public key that has signed here. Kept for ever: what it signed must stay checkable."""

    __tablename__ = "proof_keys"
    __table_args__ = (CheckConstraint("octet_length(public_key) = 32", name="ed25519"),)

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    not_before: Mapped[Moment]
    not_after: Mapped[Moment | None]
    """Set once another key signs; a signature dated later does not count."""


class ProofDocument(Base):
    """A signed report, byte for byte as it is served. Written once (a trigger holds that)."""

    __tablename__ = "proof_documents"
    __table_args__ = (
        # One per subject and kind; an override without any run is one per version.
        UniqueConstraint("version_id", "subject_id", "kind", postgresql_nulls_not_distinct=True),
    )

    id: Mapped[Id]
    version_id: Mapped[RefId] = mapped_column(ForeignKey("listing_versions.id"))
    subject_id: Mapped[RefId | None] = mapped_column(index=True)
    """What was reported: a run, or a consistency report for that kind; null for an override where
    no run could be finished. No foreign key: the document outlives whatever it was made from."""
    kind: Mapped[DocumentKind] = mapped_column(enum_column(DocumentKind, "document_kind"))
    key_id: Mapped[str] = mapped_column(ForeignKey("proof_keys.id"))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    """The whole signed file (verification.envelope)."""
    signed_at: Mapped[Moment]
    """As it stands in the document."""
    created_at: Mapped[CreatedAt]
