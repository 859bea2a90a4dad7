"""The table of appeals. That its answer comes from somebody else is a CHECK."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import SellerProfile, User
from marketplace.core.columns import CreatedAt, Id, Moment, RefId, Sealed, enum_column
from marketplace.core.database import Base
from marketplace.moderation.decisions.models import Decision

MAX_TEXT = 3000
MAX_ANSWER = 2000


class AppealState(StrEnum):
    """Where an appeal stands."""

    OPEN = "open"
    CLAIMED = "claimed"
    UPHELD = "upheld"
    """The decision stands."""
    OVERTURNED = "overturned"
    """The decision was wrong."""


class Appeal(Base):
    """A seller's objection to one decision; each can be objected to once."""

    __tablename__ = "moderation_appeals"
    __table_args__ = (
        CheckConstraint(
            "claimed_by IS NULL OR claimed_by <> first_moderator_id",
            name="another_moderator_claims",
        ),
        CheckConstraint(
            "decided_by IS NULL OR decided_by <> first_moderator_id",
            name="another_moderator_decides",
        ),
        CheckConstraint(
            "(state IN ('upheld', 'overturned')) = (decided_by IS NOT NULL AND decided_at IS NOT "
            "NULL AND answer IS NOT NULL)",
            name="decided_is_answered",
        ),
        CheckConstraint(
            "(state = 'open') = (claimed_by IS NULL AND claimed_at IS NULL)",
            name="open_is_free",
        ),
        Index(
            "ix_moderation_appeals_waiting",
            "due_at",
            postgresql_where=text("state IN ('open', 'claimed')"),
        ),
    )

    id: Mapped[Id]
    decision_id: Mapped[RefId] = mapped_column(
        ForeignKey("moderation_decisions.id", ondelete="CASCADE"), unique=True
    )
    seller_id: Mapped[RefId] = mapped_column(
        ForeignKey("seller_profiles.user_id", ondelete="CASCADE"), index=True
    )
    first_moderator_id: Mapped[RefId] = mapped_column(ForeignKey("users.id"))
    """Who made the decision, and cannot take the appeal."""
    text_sealed: Mapped[Sealed] = mapped_column(LargeBinary, deferred=True)
    """The seller's words; they may quote the prompt, so they are sealed like it."""
    state: Mapped[AppealState] = mapped_column(
        enum_column(AppealState, "appeal_state"), default=AppealState.OPEN
    )
    created_at: Mapped[CreatedAt]
    due_at: Mapped[Moment]
    claimed_by: Mapped[RefId | None] = mapped_column(ForeignKey("users.id"))
    claimed_at: Mapped[Moment | None]
    decided_by: Mapped[RefId | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[Moment | None]
    answer: Mapped[str | None] = mapped_column(String(MAX_ANSWER))

    decision: Mapped[Decision] = relationship(lazy="joined")
    seller: Mapped[SellerProfile] = relationship()
    claimant: Mapped[User | None] = relationship(foreign_keys=[claimed_by])
