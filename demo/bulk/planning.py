"""What each bulk listing is: drawn here, one row of the plan for each; SQL makes the rest of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import numpy as np

from demo.bulk.naming import listing_ids
from demo.bulk.wording import Writer
from marketplace.core.ids import slugify
from marketplace.listings.models import MAX_PRICE_CENTS, MIN_PRICE_CENTS, TargetModel
from marketplace.listings.tiers import Tier

OLDEST_DAYS = 1_000
USUAL_PRICES = (199, 249, 299, 349, 399, 449, 499)
_MODELS = {
    Tier.EXACT: 6.0,
    Tier.PERCEPTUAL: 12.0,
    Tier.DISTRIBUTIONAL: 3.0,
    Tier.ATTESTED: 5.0,
}
"""How often a model of each tier is chosen."""


@dataclass(frozen=True)
class Offer:
    """A target model as listings use it."""

    slug: str
    tier: Tier
    scheduler: str
    steps: int
    guidance: float
    seedable: bool


@dataclass(frozen=True, slots=True)
class Planned:
    """A row of the plan, in the order of the staging table's columns."""

    listing_id: str
    seller_id: str
    slug: str
    title: str
    description: str
    tags: list[str]
    category: str
    price_cents: int
    model: str
    scheduler: str
    steps: int
    guidance: float
    seedable: bool
    reproduced: bool
    published_at: datetime
    prompt: int
    picture: int
    samples: int
    adherence: float
    parts: tuple[str, ...]
    """What the text's meaning is made of; not part of the table."""

    @property
    def row(self) -> tuple[object, ...]:
        """Without the parts."""
        return tuple(getattr(self, name) for name in COLUMNS)


COLUMNS = tuple(name for name in Planned.__slots__ if name != "parts")


def offer_of(model: TargetModel) -> Offer:
    """How listings on a model are set up."""
    return Offer(
        slug=model.slug,
        tier=model.tier_now,
        scheduler=model.schedulers[0] if model.schedulers else "",
        steps=model.steps_default if model.schedulers else 1,
        guidance=model.guidance_default if model.schedulers else 0.0,
        seedable=model.seedable,
    )


def plan(
    first: int,
    count: int,
    seed: int,
    *,
    sellers: Sequence[str],
    categories: Sequence[str],
    offers: Sequence[Offer],
    prompts: int,
    pictures: int,
    moment: datetime,
) -> Iterator[Planned]:
    """Rows for the listings with these numbers, in the order of their ids.

    A few sellers have most of the listings, and there are more new listings than old ones.
    """
    draws = np.random.default_rng([seed, first])
    writer = Writer(hash((seed, first)))
    random = Random(f"{seed}/{first}/plan")  # noqa: S311 (no secrets)
    weights = [_MODELS[offer.tier] for offer in offers]
    shares = 1.0 / (np.arange(len(sellers)) + 10)
    places = draws.choice(len(sellers), count, p=shares / shares.sum())
    ages = OLDEST_DAYS * draws.random(count) ** 1.5
    adherence = draws.beta(6, 2, count)
    for number, identifier in enumerate(listing_ids(first, count)):
        category = random.choice(categories)
        offer = random.choices(offers, weights)[0]
        text = writer.write(category)
        usual = random.random() < 0.8
        yield Planned(
            listing_id=identifier,
            seller_id=sellers[int(places[number])],
            slug=slugify(text.title),
            title=text.title,
            description=text.description,
            tags=text.tags,
            category=category,
            price_cents=random.choice(USUAL_PRICES)
            if usual
            else random.randint(MIN_PRICE_CENTS, MAX_PRICE_CENTS),
            model=offer.slug,
            scheduler=offer.scheduler,
            steps=offer.steps,
            guidance=offer.guidance,
            seedable=offer.seedable,
            reproduced=offer.tier is not Tier.ATTESTED,
            published_at=moment - timedelta(days=float(ages[number])),
            prompt=random.randrange(prompts),
            picture=random.randrange(pictures),
            samples=3 if random.random() < 0.8 else random.randint(4, 6),
            adherence=round(float(adherence[number]), 4),
            parts=text.parts,
        )
