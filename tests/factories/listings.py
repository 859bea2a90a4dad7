"""Pictures and listings, made by the real operations; states beyond draft go through them too."""

from __future__ import annotations

import functools
import io
from typing import Any

import numpy as np
from PIL import Image
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.money import Money
from marketplace.images import read_upload
from marketplace.listings import operations
from marketplace.listings.models import Listing, ListingVersion, Sample
from marketplace.listings.queries import version_of
from marketplace.moderation.models import Case
from marketplace.moderation.states import CaseState
from tests.factories.catalogue import stock_catalogue

PROMPT = "velvet paper-cut [subject=fox] under a [sky: sunset | night | noon] sky"
SECRET_WORD = "velvet"


@functools.cache
def picture_bytes(seed: int = 1, fmt: str = "PNG", size: int = 128, **options: Any) -> bytes:
    """A small smooth picture that differs clearly per seed, encoded."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    image.save(buffer, fmt, **options)
    return buffer.getvalue()


def contents(**changes: Any) -> operations.DraftContents:
    """What a seller wrote, acceptable unless a field is changed."""
    fields: dict[str, Any] = {
        "title": "Paper-cut animals",
        "description": "Layered paper scenes with one animal of your choice under a mood of sky.",
        "category_slug": "wallpapers",
        "tags": ("paper", "animals"),
        "price": Money(299),
        "prompt": PROMPT,
        "target_model_slug": "house-full",
        "scheduler": "dpmpp_2m",
        "steps": 20,
        "guidance": 4.0,
    }
    return operations.DraftContents(**(fields | changes))


def make_draft(
    session: Session, services: Services, seller: SellerProfile, samples: int = 0, **changes: Any
) -> Listing:
    """A draft with so many samples; loads the catalogue where it is missing."""
    stock_catalogue(session)
    written = contents(**changes)
    listing = operations.create_draft(session, services.vault, seller.user_id, written)
    for number in range(samples):
        make_sample(session, services, listing, seed=number + 1)
    return listing


def make_sample(
    session: Session,
    services: Services,
    listing: Listing,
    seed: int | None = 1,
    values: dict[str, str] | None = None,
    picture: bytes | None = None,
) -> Sample:
    """One more sample; the picture follows from the seed unless given."""
    return operations.add_sample(
        session,
        services.vault,
        services.blobs,
        listing,
        read_upload(picture or picture_bytes(seed or 0)),
        values or {},
        seed,
    )


def make_submitted(
    session: Session, services: Services, seller: SellerProfile, **changes: Any
) -> Listing:
    """A listing waiting for verification."""
    listing = make_draft(session, services, seller, samples=3, **changes)
    queue, vault = services.queue, services.vault
    return operations.submit(session, vault, queue, listing, seller.user_id)


def make_in_review(
    session: Session, services: Services, seller: SellerProfile, **changes: Any
) -> Listing:
    """A listing whose verification is over."""
    listing = make_submitted(session, services, seller, **changes)
    operations.finish_verification(session, listing)
    return listing


def make_live(
    session: Session, services: Services, seller: SellerProfile, **changes: Any
) -> Listing:
    """A listing on the shelves by a moderator's explained override (there is no report)."""
    listing = make_in_review(session, services, seller, **changes)
    approve(session, listing, version_of(session, listing))
    return listing


def approve(session: Session, listing: Listing, version: ListingVersion) -> None:
    """Put a version on the shelves by an explained override."""
    approval = Case(
        listing_id=listing.id,
        version_id=version.id,
        state=CaseState.APPROVED,
        decided_by=listing.seller_id,
        decided_at=now(),
        override=True,
        decision_note="for a test",
    )
    session.add(approval)
    operations.publish(session, listing, version, listing.seller_id)
    session.flush()
