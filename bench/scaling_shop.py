"""The shop that bench/scaling.py measures with: a seller, two models, listings with samples."""

from __future__ import annotations

import io
import random

import numpy as np
from PIL import Image
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile, User
from marketplace.core.container import Services
from marketplace.images import read_upload
from marketplace.listings.models import Category, Listing, ListingVersion, Sample, TargetModel
from marketplace.listings.operations import store_original
from marketplace.listings.states import ListingState
from marketplace.listings.tiers import Tier
from marketplace.prompts import parse, public_variables, skeleton
from marketplace.verification import operations

STEPS, SAMPLES, SIDE = 10, 3, 256
ENGINES = ("diffusers", "second")
"""Two kinds of engine: two queues. The second exists in a row of the registry alone."""


def draw(prompt: str, seed: int) -> Image.Image:
    """A textured picture that depends on prompt and seed alone."""
    numbers = np.random.default_rng(random.Random(f"{prompt}/{seed}").randrange(2**32))
    blocks = numbers.integers(0, 255, (12, 12, 3), dtype=np.uint8)
    return Image.fromarray(blocks).resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def make_shop(session: Session) -> str:
    """A seller, a shelf and two models; returns the seller's id."""
    user = User(
        email="bench@example.com",
        display_name="Bench",
        password="!",
        active=True,
        fs_uniquifier="0" * 64,
    )
    session.add_all([user, Category(slug="bench", name="Bench", blurb="", position=1)])
    session.flush()
    session.add(SellerProfile(user_id=user.id, handle="bench", display_name="Bench"))
    for position, engine in enumerate(ENGINES):
        session.add(
            TargetModel(
                slug=engine,
                family="Timed",
                name=engine,
                version="1",
                blurb="",
                engine=engine,
                source=f"timed-{engine}",
                tier=Tier.EXACT,
                seedable=True,
                schedulers=["dpmpp_2m"],
                determinism={"dpmpp_2m": "ode"},
                capability={},
                options={},
                cost_microdollars=1,  # so that no consistency reports get in the way
                steps_default=STEPS,
                steps_min=1,
                steps_max=50,
                guidance_default=4.0,
                guidance_min=1.0,
                guidance_max=8.0,
                width=SIDE,
                height=SIDE,
                licence="ours",
                position=position,
                offered=True,
            )
        )
    session.flush()
    return user.id


def make_listing(session: Session, parts: Services, seller: str, engine: str, name: str) -> str:
    """A listing under verification with honest samples and its run; returns the version's id."""
    prompt = f"{name} of a [thing=fox]"
    template = parse(prompt)
    listing = Listing(
        seller_id=seller,
        slug=name,
        title=name,
        description=name,
        tags=[],
        category_slug="bench",
        price_cents=299,
        currency="usd",
        state=ListingState.VERIFYING,
    )
    session.add(listing)
    session.flush()
    version = ListingVersion(
        listing_id=listing.id,
        number=1,
        prompt_sealed=parts.vault.seal(prompt),
        prompt_fingerprint=parts.vault.fingerprint(prompt),
        skeleton=list(skeleton(template)),
        variables=list(public_variables(template)),
        word_count=4,
        target_model_slug=engine,
        scheduler="dpmpp_2m",
        steps=STEPS,
        guidance=4.0,
        width=SIDE,
        height=SIDE,
        samples=[_sample(parts, f"{name} of a fox", seed) for seed in range(1, SAMPLES + 1)],
    )
    session.add(version)
    session.flush()
    listing.version_id = version.id
    session.refresh(version)
    operations.request_run(session, version)
    return version.id


def _sample(parts: Services, filled: str, seed: int) -> Sample:
    buffer = io.BytesIO()
    draw(filled, seed).save(buffer, "PNG")
    checked = read_upload(buffer.getvalue(), "sample.png")
    return Sample(
        position=seed,
        values={"thing": "fox"},
        seed=seed,
        original_key=store_original(parts.blobs, checked),
        file_sha256=bytes.fromhex(checked.sha256),
        pixel_sha256=bytes.fromhex(checked.pixel_sha256),
        width=SIDE,
        height=SIDE,
        alt="",
        derivatives=[],
    )
