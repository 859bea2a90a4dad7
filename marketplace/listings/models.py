"""Tables of listings, versions, samples and the catalogue of target models."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
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
    Json,
    Moment,
    RefId,
    Sealed,
    enum_column,
)
from marketplace.core.database import Base
from marketplace.listings.licences import DEFAULT_LICENCE
from marketplace.listings.states import ListingState
from marketplace.listings.tiers import Determinism, Tier, tier_under

MIN_PRICE_CENTS, MAX_PRICE_CENTS = 199, 499
MIN_SAMPLES, MAX_SAMPLES = 3, 9


class Category(Base):
    """A shelf of the shop; loaded from catalogue.json."""

    __tablename__ = "categories"

    slug: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    blurb: Mapped[str] = mapped_column(String(200))
    position: Mapped[int]


class TargetModel(Base):
    """A model that prompts are written for; loaded from target_models.json, which explains it."""

    __tablename__ = "target_models"
    __table_args__ = (
        CheckConstraint("cost_microdollars >= 0", name="cost_not_negative"),
        CheckConstraint("tier <> 'archived' OR NOT offered", name="archived_not_offered"),
        CheckConstraint(
            "seedable OR tier NOT IN ('exact', 'perceptual')", name="seeded_tiers_need_a_seed"
        ),
    )

    slug: Mapped[str] = mapped_column(String(40), primary_key=True)
    family: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(60))
    version: Mapped[str] = mapped_column(String(40))
    blurb: Mapped[str] = mapped_column(String(300))
    engine: Mapped[str] = mapped_column(String(40))
    """diffusers, openai, or none where no machine of ours may run it."""
    source: Mapped[str] = mapped_column(String(200))
    """What the engine loads: "house" is the folder HOUSE_MODEL_DIR, else the maker's own name."""
    tier: Mapped[Tier] = mapped_column(enum_column(Tier, "tier"))
    """As declared; `tier_now` and `ListingVersion.tier` are what people are shown."""
    seedable: Mapped[bool]
    schedulers: Mapped[list[str]] = mapped_column(ARRAY(String(40)))
    """Allowed schedulers, the default first; empty where the model takes none, nor any steps."""
    determinism: Mapped[Json]
    """Scheduler to "ode", "sde" or "none" (see tiers.Determinism)."""
    capability: Mapped[Json]
    """What the model takes besides: negative_prompt, prompt_tokens, min_side, max_side, …"""
    steps_default: Mapped[int]
    steps_min: Mapped[int]
    steps_max: Mapped[int]
    guidance_default: Mapped[float]
    guidance_min: Mapped[float]
    guidance_max: Mapped[float]
    width: Mapped[int]
    height: Mapped[int]
    licence: Mapped[str] = mapped_column(String(100))
    licence_url: Mapped[str] = mapped_column(String(300), default="")
    """Empty only where the licence is ours and shipped with the weights."""
    trigger_words: Mapped[list[str]] = mapped_column(ARRAY(String(60)), default=list)
    """Words the model was tuned to answer to; a prompt without them misses its look."""
    cost_microdollars: Mapped[int] = mapped_column(BigInteger, default=0)
    """What one image costs us at the provider, at most, in millionths of a dollar."""
    retired_on: Mapped[date | None] = mapped_column(Date)
    """The day its maker switched it off, or will; from then on it is archived."""
    weights_sha256: Mapped[str | None] = mapped_column(String(64))
    """Digest that a worker must find, where we have pinned one."""
    options: Mapped[Json]
    """Engine options, such as {"quality": "medium"}; nothing secret."""
    offered: Mapped[bool] = mapped_column(default=False)
    """This installation can do what the tier says; set by catalogue.load_catalogue."""
    registry_version: Mapped[int] = mapped_column(default=0)
    """The version of target_models.json that this row came from."""
    position: Mapped[int]

    @property
    def is_retired(self) -> bool:
        """True from the day its maker switched it off."""
        return self.retired_on is not None and self.retired_on <= now().date()

    @property
    def tier_now(self) -> Tier:
        """The declared tier while the model lives, ARCHIVED afterwards."""
        return Tier.ARCHIVED if self.is_retired else self.tier

    @property
    def is_open(self) -> bool:
        """True when sellers may choose it for a listing today."""
        return self.offered and self.tier_now is not Tier.ARCHIVED

    @property
    def takes_settings(self) -> bool:
        """True for models with a scheduler, steps and guidance; the others have no such thing."""
        return bool(self.schedulers)

    def tier_with(self, scheduler: str) -> Tier:
        """The tier of a listing that uses this scheduler ("" for models without any)."""
        declared = Determinism(self.determinism.get(scheduler, Determinism.NONE))
        return tier_under(self.tier_now, declared)


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
    def path(self) -> str:
        """The last part of its public address, ``<slug>-<id>``."""
        return f"{self.slug}-{self.id}"


class ListingVersion(Base):
    """An immutable prompt with its settings. A change makes a new version."""

    __tablename__ = "listing_versions"
    __table_args__ = (
        UniqueConstraint("listing_id", "number"),
        CheckConstraint("licence IN ('personal', 'commercial', 'studio')", name="licence_known"),
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
