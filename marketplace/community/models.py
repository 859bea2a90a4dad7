"""Tables of reviews with their sums, favourites, follows, collections and saved searches."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import SellerProfile, User
from marketplace.core.columns import CreatedAt, EventColumns, Id, Moment, RefId
from marketplace.core.database import Base
from marketplace.listings.models import Listing
from marketplace.orders.models import OrderLine

MAX_TEXT, MAX_REPLY, MAX_NAME, MAX_ABOUT = 2000, 2000, 60, 300
_SHOWN = text("hidden_at IS NULL")
_STARS = ("one", "two", "three", "four", "five")


class ReviewState(StrEnum):
    """Whether everybody may read a review."""

    SHOWN = "shown"
    HIDDEN = "hidden"


class Review(Base):
    """What a buyer says about a purchase, and what its seller answers."""

    __tablename__ = "reviews"
    __table_args__ = (
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating_in_range"),
        CheckConstraint("author_id <> seller_id", name="not_of_ones_own"),
        CheckConstraint("(hidden_at IS NULL) = (hidden_reason IS NULL)", name="hidden_says_why"),
        CheckConstraint("(reply IS NULL) = (replied_at IS NULL)", name="reply_has_its_day"),
        Index("ix_reviews_newest", "listing_id", "created_at", "id", postgresql_where=_SHOWN),
        Index(
            "ix_reviews_rated", "listing_id", "rating", "created_at", "id", postgresql_where=_SHOWN
        ),
        Index("ix_reviews_seller_id_created_at", "seller_id", "created_at"),
    )

    id: Mapped[Id]
    line_id: Mapped[RefId] = mapped_column(ForeignKey("order_lines.id"), unique=True)
    """The purchase: each can be reviewed once."""
    listing_id: Mapped[RefId] = mapped_column(ForeignKey("listings.id"))
    seller_id: Mapped[RefId] = mapped_column(ForeignKey("seller_profiles.user_id"))
    author_id: Mapped[RefId] = mapped_column(ForeignKey("users.id"), index=True)
    rating: Mapped[int] = mapped_column(SmallInteger)
    text: Mapped[str] = mapped_column(Text)
    picture: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    """Public copies as in samples.derivatives; the upload itself is not kept."""
    created_at: Mapped[CreatedAt]
    edited_at: Mapped[Moment | None]
    reply: Mapped[str | None] = mapped_column(Text)
    replied_at: Mapped[Moment | None]
    hidden_at: Mapped[Moment | None]
    hidden_reason: Mapped[str | None] = mapped_column(String(500))

    listing: Mapped[Listing] = relationship()
    author: Mapped[User] = relationship()
    line: Mapped[OrderLine] = relationship()

    @property
    def state(self) -> ReviewState:
        """Shown unless a moderator has hidden it."""
        return ReviewState.SHOWN if self.hidden_at is None else ReviewState.HIDDEN


class ReviewEvent(Base, EventColumns):
    """Append-only history of a review: written, edited, answered, hidden, shown."""

    __tablename__ = "review_events"

    review_id: Mapped[RefId] = mapped_column(ForeignKey("reviews.id"), index=True)


class ListingRating(Base):
    """How many shown reviews gave how many stars; a trigger on reviews keeps it exact."""

    __tablename__ = "listing_ratings"
    __table_args__ = (
        CheckConstraint(
            " AND ".join(f"{name} >= 0" for name in _STARS), name="counts_not_negative"
        ),
    )

    listing_id: Mapped[RefId] = mapped_column(
        ForeignKey("listings.id", ondelete="CASCADE"), primary_key=True
    )
    one: Mapped[int] = mapped_column(server_default=text("0"))
    two: Mapped[int] = mapped_column(server_default=text("0"))
    three: Mapped[int] = mapped_column(server_default=text("0"))
    four: Mapped[int] = mapped_column(server_default=text("0"))
    five: Mapped[int] = mapped_column(server_default=text("0"))
    ratings: Mapped[int] = mapped_column(
        Computed("one + two + three + four + five", persisted=True)
    )
    stars: Mapped[int] = mapped_column(
        Computed("one + 2 * two + 3 * three + 4 * four + 5 * five", persisted=True)
    )
    """The sum of all ratings."""


class Favourite(Base):
    """A listing that somebody wants to find again; nobody else sees whose it is."""

    __tablename__ = "favourites"
    __table_args__ = (Index("ix_favourites_user_id_created_at", "user_id", "created_at"),)

    user_id: Mapped[RefId] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    listing_id: Mapped[RefId] = mapped_column(
        ForeignKey("listings.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    created_at: Mapped[CreatedAt]


class Follow(Base):
    """Somebody wants to see what a seller brings out."""

    __tablename__ = "follows"

    user_id: Mapped[RefId] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    seller_id: Mapped[RefId] = mapped_column(
        ForeignKey("seller_profiles.user_id", ondelete="CASCADE"), primary_key=True, index=True
    )
    created_at: Mapped[CreatedAt]

    seller: Mapped[SellerProfile] = relationship()


class FollowDigest(Base):
    """A follower's mail about new listings: whether it is wanted, and how far it has told."""

    __tablename__ = "follow_digests"

    user_id: Mapped[RefId] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    wanted: Mapped[bool] = mapped_column(server_default=text("true"))
    seen_until: Mapped[Moment]
    """What was published up to then is no news any more."""
    next_at: Mapped[Moment] = mapped_column(index=True)
    """When to look again."""


class Collection(Base):
    """A person's named list of listings."""

    __tablename__ = "collections"
    __table_args__ = (UniqueConstraint("owner_id", "slug"),)

    id: Mapped[Id]
    owner_id: Mapped[RefId] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(MAX_NAME))
    slug: Mapped[str] = mapped_column(String(70))
    about: Mapped[str] = mapped_column(String(MAX_ABOUT), server_default="")
    public: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[CreatedAt]

    owner: Mapped[User] = relationship()


class CollectionItem(Base):
    """A listing in a collection."""

    __tablename__ = "collection_items"

    collection_id: Mapped[RefId] = mapped_column(
        ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True
    )
    listing_id: Mapped[RefId] = mapped_column(
        ForeignKey("listings.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    created_at: Mapped[CreatedAt]


class SavedSearch(Base):
    """A search repeated for its owner, who gets a mail when something new matches."""

    __tablename__ = "saved_searches"
    __table_args__ = (UniqueConstraint("user_id", "address"),)

    id: Mapped[Id]
    user_id: Mapped[RefId] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(120))
    """The search in words, as its page says it."""
    address: Mapped[str] = mapped_column(String(2000))
    """The arguments of its page's address as discovery's own parser writes them."""
    paused: Mapped[bool] = mapped_column(server_default=text("false"))
    seen_until: Mapped[Moment]
    """What was published up to then is no news any more."""
    next_at: Mapped[Moment] = mapped_column(index=True)
    """When to look again; a day after a mail at the earliest."""
    mailed_at: Mapped[Moment | None]
    created_at: Mapped[CreatedAt]
