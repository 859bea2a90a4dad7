"""Tables of decisions, what became of them, and what they leave behind."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import User
from marketplace.core.columns import (
    CreatedAt,
    HashBits,
    Id,
    Json,
    JsonList,
    Moment,
    RefId,
    enum_column,
)
from marketplace.core.database import Base
from marketplace.moderation.models import Case
from marketplace.moderation.states import DecisionKind, Limit, OutcomeKind, ReasonCode


class Decision(Base):
    """What a moderator decided about a case, and why. Written once; a trigger refuses changes."""

    __tablename__ = "moderation_decisions"
    __table_args__ = (
        CheckConstraint(
            "(kind IN ('reject', 'request_changes')) = (reason_code IS NOT NULL)",
            name="turning_away_has_reason",
        ),
        CheckConstraint(
            "NOT override OR (kind IN ('approve', 'approve_limited') AND note IS NOT NULL)",
            name="override_is_explained",
        ),
        Index("ix_moderation_decisions_moderator", "moderator_id", "at"),
    )

    id: Mapped[Id]
    case_id: Mapped[RefId] = mapped_column(
        ForeignKey("moderation_cases.id", ondelete="CASCADE"), index=True
    )
    moderator_id: Mapped[RefId] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[DecisionKind] = mapped_column(enum_column(DecisionKind, "decision_kind"))
    reason_code: Mapped[ReasonCode | None] = mapped_column(
        enum_column(ReasonCode, "decision_reason_code")
    )
    note: Mapped[str | None] = mapped_column(String(2000))
    """The moderator's own words; to the seller, or, of an override, to everybody."""
    override: Mapped[bool] = mapped_column(default=False)
    limits: Mapped[JsonList]
    """Of an approval with limits: values of states.Limit."""
    banned_samples: Mapped[JsonList]
    """Ids of samples whose pictures may not come back."""
    finding_ids: Mapped[JsonList]
    """Policy findings that it rests on; they are immutable too, and sealed."""
    statement: Mapped[Json]
    """Statement of reasons, in the words of that day: see decisions.statement. Nothing secret."""
    advice: Mapped[str | None] = mapped_column(String(10))
    """What the machine had recommended, to compare."""
    advice_code: Mapped[str | None] = mapped_column(String(40))
    automatic: Mapped[bool] = mapped_column(default=False)
    """By the trust lane, on the word of the owner who has switched it on (moderator_id)."""
    seconds: Mapped[float | None]
    """From the claim to the decision."""
    at: Mapped[CreatedAt]
    effective_at: Mapped[Moment]
    """From then on it cannot be undone, and takes effect."""

    case: Mapped[Case] = relationship()
    moderator: Mapped[User] = relationship(lazy="joined")
    outcome: Mapped[Outcome | None] = relationship(back_populates="decision", uselist=False)


class Outcome(Base):
    """What became of a decision: applied, undone or failed. One row at most, written once."""

    __tablename__ = "moderation_outcomes"

    decision_id: Mapped[RefId] = mapped_column(
        ForeignKey("moderation_decisions.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[OutcomeKind] = mapped_column(enum_column(OutcomeKind, "decision_outcome"))
    reason: Mapped[str | None] = mapped_column(String(300))
    at: Mapped[CreatedAt]

    decision: Mapped[Decision] = relationship(back_populates="outcome")


class BannedImage(Base):
    """A picture that may not come back: its hashes only."""

    __tablename__ = "banned_images"
    __table_args__ = (
        Index(
            "ix_banned_images_to_search", "created_at", postgresql_where=text("searched_at IS NULL")
        ),
    )

    id: Mapped[Id]
    sample_id: Mapped[RefId | None] = mapped_column(
        ForeignKey("samples.id", ondelete="SET NULL"), unique=True
    )
    decision_id: Mapped[RefId | None] = mapped_column(
        ForeignKey("moderation_decisions.id", ondelete="SET NULL")
    )
    reason_code: Mapped[ReasonCode] = mapped_column(enum_column(ReasonCode, "banned_reason_code"))
    file_sha256: Mapped[bytes] = mapped_column(LargeBinary, index=True)
    pixel_sha256: Mapped[bytes] = mapped_column(LargeBinary, index=True)
    pdq: Mapped[bytes | None] = mapped_column(HashBits(256))
    created_at: Mapped[CreatedAt]
    searched_at: Mapped[Moment | None]
    """When it was looked for among what is offered; null while a worker has to do that."""


class ListingLimit(Base):
    """A limit that a listing's approval came with."""

    __tablename__ = "listing_limits"
    __table_args__ = (
        Index(
            "uq_listing_limits_standing",
            *("listing_id", "kind"),
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_listing_limits_due", "due_at", postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[Id]
    listing_id: Mapped[RefId] = mapped_column(ForeignKey("listings.id", ondelete="CASCADE"))
    decision_id: Mapped[RefId] = mapped_column(
        ForeignKey("moderation_decisions.id", ondelete="CASCADE")
    )
    kind: Mapped[Limit] = mapped_column(enum_column(Limit, "listing_limit"))
    created_at: Mapped[CreatedAt]
    due_at: Mapped[Moment | None]
    """When something has to be done about it."""
    ended_at: Mapped[Moment | None]
