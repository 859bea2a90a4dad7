"""Tables of the catalogue: the shop's shelves, and the models that prompts are written for."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, Date, String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.clock import now
from marketplace.core.columns import Json, enum_column
from marketplace.core.database import Base
from marketplace.listings.tiers import Determinism, Tier, tier_under


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
