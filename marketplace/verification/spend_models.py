"""Table of money booked at providers before they are asked for pictures."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.columns import CreatedAt, Id, Moment, RefId, enum_column
from marketplace.core.database import Base


class BookingState(StrEnum):
    """What became of the money."""

    BOOKED = "booked"
    """The call may be under way, or its worker died: counted as spent."""
    USED = "used"
    """The provider answered, or may have charged."""
    RELEASED = "released"
    """The provider surely charged nothing: counted no longer."""


class ProviderBooking(Base):
    """One call to a provider and the most that it may cost, in millionths of a dollar."""

    __tablename__ = "provider_bookings"
    __table_args__ = (
        CheckConstraint("images > 0", name="images_positive"),
        CheckConstraint("microdollars >= 0", name="amount_not_negative"),
        CheckConstraint("(state = 'booked') = (closed_at IS NULL)", name="closed_has_moment"),
        Index("ix_provider_bookings_day", "provider", "day"),
    )

    id: Mapped[Id]
    provider: Mapped[str] = mapped_column(String(40))
    listing_id: Mapped[RefId | None] = mapped_column(
        ForeignKey("listings.id", ondelete="SET NULL"), index=True
    )
    target_model_slug: Mapped[str] = mapped_column(ForeignKey("target_models.slug"))
    images: Mapped[int]
    microdollars: Mapped[int] = mapped_column(BigInteger)
    day: Mapped[date]
    """The day in UTC whose ceiling it counts against."""
    state: Mapped[BookingState] = mapped_column(
        enum_column(BookingState, "booking_state"), default=BookingState.BOOKED
    )
    created_at: Mapped[CreatedAt]
    closed_at: Mapped[Moment | None]
