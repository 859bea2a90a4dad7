"""Tables of daily counts: sums without anybody's name, and the batches that they are made from."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.columns import CreatedAt, Id, JsonList, Moment, RefId
from marketplace.core.database import Base

MAX_TERM = 60
_ZERO = text("0")


class CountBatch(Base):
    """What one web process has counted in some seconds; moved into the sums exactly once.

    It keeps its id for a day after that, so that a process which does not know whether its insert
    arrived may repeat it; what it held is wiped.
    """

    __tablename__ = "count_batches"
    __table_args__ = (
        Index("ix_count_batches_waiting", "created_at", postgresql_where=text("folded_at IS NULL")),
    )

    id: Mapped[Id]
    counts: Mapped[JsonList]
    """[{"day", "listing_id", "shown", "opened", "carted"}]"""
    terms: Mapped[JsonList]
    """[{"day", "listing_id", "term", "clicks"}]"""
    created_at: Mapped[CreatedAt]
    folded_at: Mapped[Moment | None] = mapped_column(index=True)


class ListingDay(Base):
    """How often a listing was shown, opened and put into carts on one day (UTC)."""

    __tablename__ = "listing_days"
    __table_args__ = (
        CheckConstraint("shown >= 0 AND opened >= 0 AND carted >= 0", name="counts_not_negative"),
    )

    listing_id: Mapped[RefId] = mapped_column(
        ForeignKey("listings.id", ondelete="CASCADE"), primary_key=True
    )
    day: Mapped[date] = mapped_column(Date, primary_key=True, index=True)
    shown: Mapped[int] = mapped_column(server_default=_ZERO)
    opened: Mapped[int] = mapped_column(server_default=_ZERO)
    carted: Mapped[int] = mapped_column(server_default=_ZERO)


class TermDay(Base):
    """How often a search led to a listing on one day; what was typed stands here only as a hash."""

    __tablename__ = "listing_term_days"
    __table_args__ = (CheckConstraint("clicks > 0", name="clicks_positive"),)

    listing_id: Mapped[RefId] = mapped_column(
        ForeignKey("listings.id", ondelete="CASCADE"), primary_key=True
    )
    term_key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True, index=True)
    """Keyed hash of the normalised words."""
    day: Mapped[date] = mapped_column(Date, primary_key=True, index=True)
    clicks: Mapped[int]


class KnownTerm(Base):
    """Words that were searched for on several days, and so are nobody's own: these are shown."""

    __tablename__ = "known_terms"

    term_key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    words: Mapped[str] = mapped_column(String(MAX_TERM))
    created_at: Mapped[CreatedAt]
