"""Tables of strikes, suspensions, and sellers whose payments are a risk."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import User
from marketplace.core.columns import CreatedAt, Id, Moment, RefId, enum_column
from marketplace.core.database import Base
from marketplace.moderation.decisions.models import Decision
from marketplace.moderation.states import ReasonCode


class Strike(Base):
    """Points against a seller for one rejection; they count until they expire or are lifted."""

    __tablename__ = "seller_strikes"
    __table_args__ = (
        CheckConstraint("points > 0", name="points_positive"),
        CheckConstraint(
            "(lifted_at IS NULL) = (lifted_by IS NULL) AND (lifted_at IS NULL) = "
            "(lift_note IS NULL)",
            name="lifted_is_explained",
        ),
        Index(
            "ix_seller_strikes_standing",
            *("seller_id", "expires_at"),
            postgresql_where=text("lifted_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    seller_id: Mapped[RefId] = mapped_column(
        ForeignKey("seller_profiles.user_id", ondelete="CASCADE"), index=True
    )
    decision_id: Mapped[RefId] = mapped_column(
        ForeignKey("moderation_decisions.id", ondelete="CASCADE"), unique=True
    )
    reason_code: Mapped[ReasonCode] = mapped_column(enum_column(ReasonCode, "strike_reason_code"))
    points: Mapped[int]
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[Moment]
    lifted_at: Mapped[Moment | None]
    lifted_by: Mapped[RefId | None] = mapped_column(ForeignKey("users.id"))
    lift_note: Mapped[str | None] = mapped_column(String(500))

    decision: Mapped[Decision] = relationship()


class Suspension(Base):
    """A time in which a seller may submit nothing, with its cause; at most one stands."""

    __tablename__ = "seller_suspensions"
    __table_args__ = (
        CheckConstraint("cause <> ''", name="has_cause"),
        CheckConstraint("until IS NULL OR until > created_at", name="ends_later"),
        CheckConstraint(
            "(lifted_at IS NULL) = (lift_note IS NULL)", name="reinstatement_is_explained"
        ),
        Index(
            "uq_seller_suspensions_standing",
            "seller_id",
            unique=True,
            postgresql_where=text("lifted_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    seller_id: Mapped[RefId] = mapped_column(
        ForeignKey("seller_profiles.user_id", ondelete="CASCADE"), index=True
    )
    cause: Mapped[str] = mapped_column(String(500))
    """In words for the seller."""
    imposed_by: Mapped[RefId | None] = mapped_column(ForeignKey("users.id"))
    """The moderator; null when the points did it."""
    created_at: Mapped[CreatedAt]
    until: Mapped[Moment | None]
    """Null for good."""
    lifted_at: Mapped[Moment | None]
    lifted_by: Mapped[RefId | None] = mapped_column(ForeignKey("users.id"))
    """Null when its term was over."""
    lift_note: Mapped[str | None] = mapped_column(String(500))

    imposer: Mapped[User | None] = relationship(foreign_keys=[imposed_by])


class SellerRisk(Base):
    """A seller whose payments are a risk, as the sweep last saw it: orders lies above."""

    __tablename__ = "seller_risks"

    seller_id: Mapped[RefId] = mapped_column(
        ForeignKey("seller_profiles.user_id", ondelete="CASCADE"), primary_key=True
    )
    why: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[CreatedAt]
