"""Tables of listings, versions and samples; those of the catalogue come along."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import now
from marketplace.core.columns import (
    Cents,
    CreatedAt,
    Currency,
    EventColumns,
    FingerprintColumns,
    Id,
    Moment,
    RefId,
    Sealed,
    enum_column,
)
from marketplace.core.database import Base
from marketplace.listings.catalogue_models import Category, TargetModel
from marketplace.listings.licences import DEFAULT_LICENCE
from marketplace.listings.states import ListingState
from marketplace.listings.tiers import Tier

__all__ = [
    "MAX_PRICE_CENTS",
    "MAX_SAMPLES",
    "MIN_PRICE_CENTS",
    "MIN_SAMPLES",
    "Category",
    "Listing",
    "ListingEvent",
    "ListingVersion",
    "Sample",
    "TargetModel",
]

MIN_PRICE_CENTS, MAX_PRICE_CENTS = 199, 499
MIN_SAMPLES, MAX_SAMPLES = 3, 9


class Listing(Base):
    """One offer. Its words for the public live here; its prompt in the versions."""

    __tablename__ = "listings"
    __table_args__ = (
        CheckConstraint(
            f"price_cents BETWEEN {MIN_PRICE_CENTS} AND {MAX_PRICE_CENTS}", name="price_in_range"
        ),
        CheckConstraint("currency = 'usd'", name="currency_known"),
        # Proof: a live listing has a published version (and operations.publish sets it only
        # together with its report or a named override).
        CheckConstraint(
            "state <> 'live' OR (live_version_id IS NOT NULL AND published_at IS NOT NULL)",
            name="live_has_version",
        ),
        Index("ix_listings_state_published_at", "state", "published_at"),
    )

    id: Mapped[Id]
    seller_id: Mapped[RefId] = mapped_column(ForeignKey("seller_profiles.user_id"), index=True)
    slug: Mapped[str] = mapped_column(String(60))
    title: Mapped[str] = mapped_column(String(80))
    summary: Mapped[str] = mapped_column(String(160), default="", server_default="")
    description: Mapped[str] = mapped_column(Text)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    category_slug: Mapped[str] = mapped_column(ForeignKey("categories.slug"), index=True)
    price_cents: Mapped[Cents]
    currency: Mapped[Currency]
    state: Mapped[ListingState] = mapped_column(
        enum_column(ListingState, "listing_state"), default=ListingState.DRAFT
    )
    version_id: Mapped[RefId | None] = mapped_column(
        ForeignKey("listing_versions.id", use_alter=True, deferrable=True, initially="DEFERRED")
    )
    """The newest version: the one at work in verification and moderation."""
    live_version_id: Mapped[RefId | None] = mapped_column(
        ForeignKey("listing_versions.id", use_alter=True, deferrable=True, initially="DEFERRED")
    )
    """The version that buyers get."""
    rejection_code: Mapped[str | None] = mapped_column(String(40))
    rejection_text: Mapped[str | None] = mapped_column(String(2000))
    created_at: Mapped[CreatedAt]
    submitted_at: Mapped[Moment | None]
    published_at: Mapped[Moment | None]
    seller: Mapped[SellerProfile] = relationship(lazy="joined")
    category: Mapped[Category] = relationship(lazy="joined")
    version: Mapped[ListingVersion | None] = relationship(foreign_keys=[version_id])
    live_version: Mapped[ListingVersion | None] = relationship(foreign_keys=[live_version_id])

    @property
    def edit(self) -> ListingVersion | None:
        """The newest version while it is an edit of a listing that was on sale already."""
        return self.version if self.version and self.version.edit_state else None

    @property
    def working_state(self) -> ListingState:
        """Where the newest version stands: an edit's own state, else the listing's."""
        return (self.edit and self.edit.edit_state) or self.state

    @property
    def path(self) -> str:
        """The last part of its public address, ``<slug>-<id>``."""
        return f"{self.slug}-{self.id}"


class ListingVersion(Base):
    """An immutable prompt with its settings. A change makes a new version."""

    __tablename__ = "listing_versions"
    __table_args__ = (
        UniqueConstraint("listing_id", "number"),
        CheckConstraint("licence IN ('personal', 'commercial', 'studio')", name="licence_known"),
        CheckConstraint(
            "edit_state IS NULL OR (words IS NOT NULL AND words_before IS NOT NULL)",
            name="edits_have_words",
        ),
    )

    id: Mapped[Id]
    listing_id: Mapped[RefId] = mapped_column(ForeignKey("listings.id", ondelete="CASCADE"))
    number: Mapped[int]
    prompt_sealed: Mapped[Sealed] = mapped_column(LargeBinary, deferred=True)
    """The template's text, encrypted by core.vault."""
    prompt_fingerprint: Mapped[bytes] = mapped_column(LargeBinary, index=True, deferred=True)
    """Keyed hash: equal for equal texts, useless without the key."""
    skeleton: Mapped[list[Any]] = mapped_column(JSONB)
    """Public: prompts.redaction's bars and variables."""
    variables: Mapped[list[Any]] = mapped_column(JSONB)
    """Public: name, default and choices of each variable."""
    word_count: Mapped[int]
    target_model_slug: Mapped[str] = mapped_column(ForeignKey("target_models.slug"), index=True)
    scheduler: Mapped[str] = mapped_column(String(40))
    """Empty for models that take no settings; steps is then 1 and guidance 0."""
    steps: Mapped[int]
    guidance: Mapped[float]
    width: Mapped[int]
    height: Mapped[int]
    licence: Mapped[str] = mapped_column(
        String(20), default=DEFAULT_LICENCE, server_default=DEFAULT_LICENCE
    )
    """What buyers may do with the pictures, by slug (see licences.py)."""
    guide_sealed: Mapped[Sealed | None] = mapped_column(LargeBinary, deferred=True)
    """How to use the prompt, for its buyers only; encrypted by core.vault."""
    edit_state: Mapped[ListingState | None] = mapped_column(enum_column(ListingState, "edit_state"))
    """Where it stands as an edit of a listing that stays on sale meanwhile; null for all others."""
    words: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """Its public words (see words.py): as an edit proposes them, later as they were approved."""
    words_before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """What the listing said when an edit's words were written: what it left alone."""
    published_at: Mapped[Moment | None]
    """When it was first put on sale."""
    degraded_since: Mapped[Moment | None]
    """Since when its model, having changed, no longer makes its samples (verification.changes)."""
    fix_by: Mapped[Moment | None]
    """Until when its seller may mend that; from then on it is not for sale."""
    created_at: Mapped[CreatedAt]

    listing: Mapped[Listing] = relationship(foreign_keys=[listing_id])
    target_model: Mapped[TargetModel] = relationship(lazy="joined")
    samples: Mapped[list[Sample]] = relationship(
        back_populates="version", order_by="Sample.position", cascade="all, delete-orphan"
    )

    @property
    def fix_window_is_over(self) -> bool:
        """True for a degraded version that nobody mended in time."""
        return self.fix_by is not None and self.fix_by <= now()

    @property
    def tier(self) -> Tier:
        """How this version is proved: by its model, its scheduler and today's date."""
        return self.target_model.tier_with(self.scheduler)


class Sample(Base, FingerprintColumns):
    """A picture the seller says the prompt made, with the values and seed that made it."""

    __tablename__ = "samples"
    __table_args__ = (
        UniqueConstraint("version_id", "position"),
        CheckConstraint("seed >= 0 AND seed < 4294967296", name="seed_is_32_bit"),
    )

    id: Mapped[Id]
    version_id: Mapped[RefId] = mapped_column(ForeignKey("listing_versions.id", ondelete="CASCADE"))
    position: Mapped[int]
    """From 1, as people count."""
    values: Mapped[dict[str, str]] = mapped_column(JSONB)
    """Variable name to value, every variable present."""
    seed: Mapped[int | None] = mapped_column(BigInteger)
    """Null exactly where the target model takes no seed."""
    original_key: Mapped[str] = mapped_column(String(160))
    """Private blob with the upload as it came."""
    file_sha256: Mapped[bytes] = mapped_column(LargeBinary, index=True)
    pixel_sha256: Mapped[bytes] = mapped_column(LargeBinary, index=True)
    width: Mapped[int]
    height: Mapped[int]
    alt: Mapped[str] = mapped_column(String(300))
    """Alternative text, made of title and values only."""
    derivatives: Mapped[list[Any]] = mapped_column(JSONB)
    """Public pictures: [{"width", "height", "webp": name, "jpeg": name}], narrowest first."""
    created_at: Mapped[CreatedAt]

    version: Mapped[ListingVersion] = relationship(back_populates="samples")


class ListingEvent(Base, EventColumns):
    """Append-only history of a listing's states."""

    __tablename__ = "listing_events"

    listing_id: Mapped[RefId] = mapped_column(
        ForeignKey("listings.id", ondelete="CASCADE"), index=True
    )
