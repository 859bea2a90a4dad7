"""Tables of bulk uploads: one row for each upload, and one for each line of its table."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.columns import CreatedAt, JsonList, Moment, RefId, Sealed, enum_column
from marketplace.core.database import Base
from marketplace.core.leases import LeaseColumns
from marketplace.listings.bulk.states import LineState, UploadState


class BulkUpload(Base, LeaseColumns):
    """A table that a seller has sent, with its archive; a worker takes it in line by line."""

    __tablename__ = "bulk_uploads"
    __table_args__ = (
        CheckConstraint("(state = 'running') = (lease IS NOT NULL)", name="held_while_running"),
        CheckConstraint(
            "(state IN ('finished', 'stopped')) = (finished_at IS NOT NULL)", name="ends_once"
        ),
        # Two at once could make a draft of the same prompt each.
        Index(
            "uq_bulk_uploads_at_work",
            "seller_id",
            unique=True,
            postgresql_where=text("state IN ('queued', 'running')"),
        ),
    )

    seller_id: Mapped[RefId] = mapped_column(
        ForeignKey("seller_profiles.user_id", ondelete="CASCADE"), index=True
    )
    state: Mapped[UploadState] = mapped_column(enum_column(UploadState, "bulk_upload_state"))
    parts: Mapped[JsonList]
    """Keys of the private blobs that make up the archive; empty without one, and afterwards."""
    archive_bytes: Mapped[int] = mapped_column(default=0)
    rows: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[Moment | None]
    """After a failure of ours: when to go on."""
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[Moment | None]


class BulkLine(Base):
    """One line of a table. Its text stays here, sealed, until it is a draft or refused.

    What became of it is written once; a trigger refuses changes.
    """

    __tablename__ = "bulk_lines"
    __table_args__ = (
        CheckConstraint(
            "(state = 'waiting') = (row_sealed IS NOT NULL) AND "
            "(state = 'waiting') = (report_sealed IS NULL)",
            name="text_or_report",
        ),
        CheckConstraint(
            "listing_id IS NULL OR state IN ('ready', 'drafted')", name="listing_of_a_draft"
        ),
    )

    upload_id: Mapped[RefId] = mapped_column(
        ForeignKey("bulk_uploads.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """As a spreadsheet counts, the header being 1."""
    state: Mapped[LineState] = mapped_column(enum_column(LineState, "bulk_line_state"))
    attempts: Mapped[int] = mapped_column(default=0)
    row_sealed: Mapped[Sealed | None] = mapped_column(LargeBinary, deferred=True)
    """table.TableRow as JSON, encrypted by core.vault: the prompt is in it."""
    report_sealed: Mapped[Sealed | None] = mapped_column(LargeBinary)
    """JSON of title and messages, encrypted too: they repeat what was typed."""
    listing_id: Mapped[RefId | None] = mapped_column(
        ForeignKey("listings.id", ondelete="SET NULL"), unique=True
    )
    done_at: Mapped[Moment | None]
