"""The table of complaints: one row for each person's report of a listing."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import User
from marketplace.core.columns import CreatedAt, Id, Moment, RefId, enum_column
from marketplace.core.database import Base
from marketplace.listings.models import Listing

MAX_NOTE = 1000


class Reason(StrEnum):
    """What may be wrong with a listing; the texts are what people choose from."""

    COPIED = "copied"
    MISLEADING = "misleading"
    OFFENSIVE = "offensive"
    REAL_PERSON = "real_person"
    SPAM = "spam"
    OTHER = "other"


REASON_TEXTS: dict[Reason, str] = {
    Reason.COPIED: "The pictures or the prompt are somebody else’s",
    Reason.MISLEADING: "The title, the description or the pictures promise something else",
    Reason.OFFENSIVE: "It is hateful, sexual or otherwise offensive",
    Reason.REAL_PERSON: "It shows a real person or a protected character",
    Reason.SPAM: "It is one of many nearly equal listings",
    Reason.OTHER: "Something else",
}


class Complaint(Base):
    """One person's report of a listing; open until a moderator has looked into it."""

    __tablename__ = "listing_complaints"
    __table_args__ = (
        CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name="closed_by_somebody"),
        CheckConstraint("reason <> 'other' OR note <> ''", name="other_is_explained"),
        # Whoever reports again says it better, and fills no list.
        Index(
            "uq_listing_complaints_open",
            "listing_id",
            "person_id",
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index(
            "ix_listing_complaints_to_file",
            "created_at",
            postgresql_where=text("closed_at IS NULL AND case_id IS NULL"),
        ),
    )

    id: Mapped[Id]
    listing_id: Mapped[RefId] = mapped_column(ForeignKey("listings.id", ondelete="CASCADE"))
    person_id: Mapped[RefId] = mapped_column(ForeignKey("users.id"), index=True)
    reason: Mapped[Reason] = mapped_column(enum_column(Reason, "complaint_reason"))
    note: Mapped[str] = mapped_column(String(MAX_NOTE))
    case_id: Mapped[RefId | None] = mapped_column(
        ForeignKey("moderation_cases.id", ondelete="SET NULL"), index=True
    )
    """The case in which moderators look at it; null for the moment until there is one."""
    created_at: Mapped[CreatedAt]
    closed_at: Mapped[Moment | None]
    closed_by: Mapped[RefId | None] = mapped_column(ForeignKey("users.id"))

    listing: Mapped[Listing] = relationship(lazy="joined")
    person: Mapped[User] = relationship(foreign_keys=[person_id], lazy="joined")
    closer: Mapped[User | None] = relationship(foreign_keys=[closed_by], lazy="joined")
