"""Where a scripted listing stands in the database. Reads only."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from demo.script import ListingScript
from marketplace.accounts.models import SellerProfile, User
from marketplace.listings.models import Listing, ListingVersion, Sample


@dataclass(frozen=True, slots=True)
class Recipe:
    """The settings of a stored version: what its verification uses as well."""

    engine: str
    scheduler: str
    steps: int
    guidance: float
    width: int
    height: int


def find_listing(session: Session, listing: ListingScript) -> Listing | None:
    """The stored listing: its seller and title are its identity."""
    query = (
        select(Listing)
        .join(SellerProfile, Listing.seller_id == SellerProfile.user_id)
        .join(User, SellerProfile.user_id == User.id)
        .where(User.email == listing.seller, Listing.title == listing.title)
        .order_by(Listing.created_at)
        .limit(1)
    )
    return session.scalar(query)


def recipe_of(version: ListingVersion) -> Recipe:
    """The settings that a version is sold with."""
    return Recipe(
        engine=version.target_model.source,
        scheduler=version.scheduler,
        steps=version.steps,
        guidance=version.guidance,
        width=version.width,
        height=version.height,
    )


def public_jpeg_of(session: Session, version_id: str | None, number: int) -> str | None:
    """Name of the largest public JPEG of a version's sample, counted from 1."""
    query = select(Sample).where(Sample.version_id == version_id).order_by(Sample.position)
    samples = session.scalars(query).all()
    if not 0 < number <= len(samples):
        return None
    return str(samples[number - 1].derivatives[-1]["jpeg"])
