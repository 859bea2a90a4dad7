"""Reads about listings for their sellers, and the locks that changes of state take."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, case, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, selectinload

from marketplace.core.columns import today
from marketplace.core.errors import NotFoundError
from marketplace.core.ids import is_id
from marketplace.listings.models import Category, Listing, ListingVersion, Sample, TargetModel
from marketplace.listings.states import ListingState
from marketplace.listings.tiers import Tier

# Drafts and rejections wait for their seller; they come first on the dashboard.
_ATTENTION = {
    ListingState.REJECTED: 0,
    ListingState.CHANGES: 0,
    ListingState.DRAFT: 1,
    ListingState.VERIFYING: 2,
    ListingState.IN_REVIEW: 3,
    ListingState.LIVE: 4,
    ListingState.WITHDRAWN: 5,
}


def categories(session: Session) -> list[Category]:
    """All shelves in their order."""
    return list(session.scalars(select(Category).order_by(Category.position)))


def target_models(session: Session) -> list[TargetModel]:
    """All target models in their order."""
    return list(session.scalars(select(TargetModel).order_by(TargetModel.position)))


def archived_models() -> Select[str]:
    """Slugs of the models that are switched off, today or ever: nothing on them is for sale."""
    gone = (TargetModel.tier == Tier.ARCHIVED) | (TargetModel.retired_on <= today())
    return select(TargetModel.slug).where(gone)


def own_listing(session: Session, seller_id: str, listing_id: str) -> Listing:
    """A seller's own listing with its newest version and samples.

    Raises:
        NotFoundError: also when it is someone else's.
    """
    if not is_id(listing_id):
        raise NotFoundError
    listing = session.scalar(
        select(Listing)
        .where(Listing.id == listing_id, Listing.seller_id == seller_id)
        .options(selectinload(Listing.version).selectinload(ListingVersion.samples))
    )
    if listing is None:
        raise NotFoundError
    return listing


def listings_of(session: Session, seller_id: str) -> list[Listing]:
    """A seller's listings, those that need attention first, then the newest."""
    rank = case(
        {state.value: position for state, position in _ATTENTION.items()}, value=Listing.state
    )
    query = (
        select(Listing)
        .where(Listing.seller_id == seller_id)
        .options(selectinload(Listing.version).selectinload(ListingVersion.samples))
        .order_by(rank, Listing.created_at.desc())
    )
    return list(session.scalars(query))


def lock_listing(session: Session, listing: Listing) -> None:
    """Hold the listing's row and re-read it, so that two people cannot both change its state."""
    session.flush()
    session.refresh(listing, with_for_update={"of": Listing})
    if listing.version is not None:
        session.refresh(listing.version, ["edit_state"])


def works(*states: ListingState) -> ColumnElement[bool]:
    """SQL over a listing joined with its newest version: its working state is one of these."""
    own = ListingVersion.edit_state.is_(None) & Listing.state.in_(states)
    return or_(own, ListingVersion.edit_state.in_(states))


def version_of(session: Session, listing: Listing) -> ListingVersion:
    """The newest version with its samples, as the database has it now."""
    version = session.scalar(
        select(ListingVersion)
        .where(ListingVersion.id == listing.version_id)
        .options(selectinload(ListingVersion.samples))
        .execution_options(populate_existing=True)
    )
    if version is None:
        raise NotFoundError
    return version


def sample_of(session: Session, listing_id: str, sample_id: str) -> Sample:
    """A sample of any version of a listing.

    Raises:
        NotFoundError: also when it belongs to another listing.
    """
    sample = session.scalar(
        select(Sample)
        .join(Sample.version)
        .where(Sample.id == sample_id, ListingVersion.listing_id == listing_id)
    )
    if sample is None:
        raise NotFoundError
    return sample


def covers_of(session: Session, version_ids: Sequence[str]) -> dict[str, Sample]:
    """The first sample of each version, in one query for a whole shelf."""
    query = (
        select(Sample)
        .ext(distinct_on(Sample.version_id))
        .where(Sample.version_id.in_(version_ids))
        .order_by(Sample.version_id, Sample.position)
    )
    return {sample.version_id: sample for sample in session.scalars(query)}


def listing_named(session: Session, listing_id: str) -> Listing:
    """Any listing by its id. Raises NotFoundError."""
    listing = session.get(Listing, listing_id) if is_id(listing_id) else None
    if listing is None:
        raise NotFoundError
    return listing
