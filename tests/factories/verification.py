"""Listings on their way through verification, in as few rows as that needs."""

from __future__ import annotations

import hashlib
import itertools
import secrets

from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile, User
from marketplace.core.vault import PromptVault
from marketplace.listings.models import Category, Listing, ListingVersion, Sample, TargetModel
from marketplace.listings.states import ListingState
from marketplace.prompts.grammar import parse
from marketplace.prompts.redaction import public_variables, skeleton
from marketplace.prompts.words import word_count
from tests.factories.models import target_model
from tests.factories.orders import make_seller

_numbers = itertools.count(1)
PROMPT = "paper-cut [subject=fox] under a [sky: sunset | night] sky, zanzibar"
"""Its last word stands nowhere else: whoever shows it has leaked the prompt."""
SECRET_WORD = "zanzibar"


def make_model(session: Session) -> TargetModel:
    """A target model that runs on the house weights."""
    model = session.get(TargetModel, "house-test")
    if model is None:
        model = target_model("house-test", steps_default=4, steps_min=1, steps_max=50)
        session.add(model)
    session.merge(Category(slug="wallpapers", name="Wallpapers", blurb="", position=1))
    session.flush()
    return model


def make_waiting_listing(
    session: Session,
    vault: PromptVault,
    seller: SellerProfile | None = None,
    prompt: str = PROMPT,
    samples: int = 3,
    state: ListingState = ListingState.VERIFYING,
) -> Listing:
    """A submitted listing whose samples have rows but no pictures."""
    seller = seller or make_seller(session)
    model = make_model(session)
    number = next(_numbers)
    listing = Listing(
        seller_id=seller.user_id,
        slug=f"paper-fox-{number}",
        title=f"Paper fox {number}",
        description="A fox cut from paper.",
        tags=["fox", "paper"],
        category_slug="wallpapers",
        price_cents=299,
        currency="usd",
        state=state,
    )
    session.add(listing)
    session.flush()
    template = parse(prompt)
    version = ListingVersion(
        listing_id=listing.id,
        number=1,
        prompt_sealed=vault.seal(prompt),
        prompt_fingerprint=vault.fingerprint(prompt),
        skeleton=skeleton(template),
        variables=public_variables(template),
        word_count=word_count(prompt),
        target_model_slug=model.slug,
        scheduler="dpmpp_2m",
        steps=4,
        guidance=4.0,
        width=256,
        height=256,
    )
    session.add(version)
    session.flush()
    listing.version_id = version.id
    for position in range(1, samples + 1):
        session.add(make_sample(version, position))
    session.flush()
    return listing


def make_sample(version: ListingVersion, position: int) -> Sample:
    """A sample's row; its picture exists by name only."""
    token = secrets.token_hex(20)
    digest = hashlib.sha256(token.encode()).digest()
    return Sample(
        version_id=version.id,
        position=position,
        values={"subject": "fox", "sky": "sunset"},
        seed=position,
        original_key=f"private/{token[:2]}/{token}.png",
        file_sha256=digest,
        pixel_sha256=digest[::-1],
        width=256,
        height=256,
        alt="Paper fox with subject fox",
        derivatives=[
            {"width": 256, "height": 256, "webp": f"{token}.webp", "jpeg": f"{token}.jpg"}
        ],
    )


def make_moderator(session: Session) -> User:
    """Someone who may decide; roles are not needed below the web."""
    user = User(
        email=f"moderator-{secrets.token_hex(6)}@example.com",
        display_name="Mo Derator",
        password="!",
        active=True,
        fs_uniquifier=secrets.token_hex(32),
    )
    session.add(user)
    session.flush()
    return user
