"""Reads for visitors. Each page costs a fixed number of queries, however many cards it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, contains_eager, selectinload

from marketplace.accounts.models import SellerProfile
from marketplace.core.errors import NotFoundError
from marketplace.core.ids import is_id
from marketplace.core.web.pagination import Page
from marketplace.discovery.on_sale import listings_on_sale as _live_listings
from marketplace.discovery.on_sale import on_sale as _live
from marketplace.listings.models import Listing, ListingVersion, Sample
from marketplace.listings.queries import covers_of
from marketplace.listings.states import ListingState
from marketplace.listings.tiers import Tier
from marketplace.verification.consistency.queries import scores_of
from marketplace.verification.models import SampleCheck, VerificationRun
from marketplace.verification.similarity import Band
from marketplace.verification.states import RunState, Verdict

PAGE_SIZE = 24
# The id makes the order total, so that no listing falls between two pages.
_NEWEST = (Listing.published_at.desc(), Listing.id.asc())


@dataclass(frozen=True)
class Shelved:
    """A live listing with what its card shows beside it."""

    listing: Listing
    cover: Sample | None
    verdict: Verdict | None
    consistency: int | None = None
    """Percent of what the prompt asks for that the sheet's pictures show; None if not measured."""


def shelved(session: Session, listing_ids: Sequence[str]) -> list[Shelved]:
    """The live ones among these listings, in the order given.

    One that was withdrawn a moment ago may still be in the search documents; here it is not.
    """
    query = _live_listings().where(Listing.id.in_(listing_ids))
    found = {item.listing.id: item for item in shelve(session, session.scalars(query).all())}
    return [found[listing_id] for listing_id in listing_ids if listing_id in found]


def latest(session: Session, limit: int) -> list[Shelved]:
    """The newest live listings."""
    query = _live_listings().order_by(*_NEWEST).limit(limit)
    return shelve(session, session.scalars(query).all())


def of_seller(session: Session, seller_id: str, number: int) -> Page[Shelved]:
    """One page of a seller's live listings, newest first."""
    mine = Listing.seller_id == seller_id
    total = session.scalar(_live(select(func.count(Listing.id))).where(mine)) or 0
    query = (
        _live_listings()
        .where(mine)
        .order_by(*_NEWEST)
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    )
    return Page(shelve(session, session.scalars(query).all()), number, PAGE_SIZE, total)


def seller_named(session: Session, handle: str) -> SellerProfile:
    """The seller of a handle. Raises NotFoundError."""
    # PostgreSQL refuses NUL and half characters as text, and no handle holds anything but ASCII.
    known = handle.isascii() and handle.isprintable()
    query = select(SellerProfile).where(SellerProfile.handle == handle)
    seller = session.scalar(query) if known else None
    if seller is None:
        raise NotFoundError
    return seller


def listing_for(
    session: Session, listing_id: str, viewer_id: str | None
) -> tuple[Listing, ListingVersion]:
    """A listing and the version to show: the live one, or for its seller the one at work.

    Raises:
        NotFoundError: unknown, or not live and not the viewer's own.
    """
    if not is_id(listing_id):
        raise NotFoundError
    listing = session.scalar(
        select(Listing)
        .where(Listing.id == listing_id)
        .options(
            selectinload(Listing.live_version).selectinload(ListingVersion.samples),
            selectinload(Listing.version).selectinload(ListingVersion.samples),
        )
    )
    if listing is None:
        raise NotFoundError
    if is_on_sale(listing):
        version = listing.live_version
    else:
        version = listing.version if listing.seller_id == viewer_id else None
    if version is None:
        raise NotFoundError
    return listing, version


def is_on_sale(listing: Listing) -> bool:
    """True for a live listing whose model has not been switched off."""
    version = listing.live_version
    return (
        listing.state is ListingState.LIVE
        and version is not None
        and version.tier is not Tier.ARCHIVED
    )


def latest_proof(session: Session) -> tuple[Listing, SampleCheck] | None:
    """A reproduced sample of the newest live listing that was reproduced, for the home page."""
    row = session.execute(
        _live(select(Listing, SampleCheck))
        .join(VerificationRun, VerificationRun.version_id == Listing.live_version_id)
        .join(SampleCheck, SampleCheck.run_id == VerificationRun.id)
        .where(VerificationRun.verdict == Verdict.REPRODUCED, SampleCheck.band == Band.REPRODUCED)
        .options(contains_eager(Listing.live_version))
        .order_by(Listing.published_at.desc(), Listing.id, SampleCheck.position)
        .limit(1)
    ).first()
    return (row[0], row[1]) if row else None


def shelve(session: Session, listings: Sequence[Listing]) -> list[Shelved]:
    """Add covers, verdicts and scores to live listings, in three queries for all of them."""
    version_ids = [listing.live_version_id for listing in listings if listing.live_version_id]
    covers = covers_of(session, version_ids)
    verdicts = _verdicts(session, version_ids)
    scores = scores_of(session, version_ids)
    return [
        Shelved(
            listing,
            covers.get(listing.live_version_id or ""),
            verdicts.get(listing.live_version_id or ""),
            scores.get(listing.live_version_id or ""),
        )
        for listing in listings
    ]


def _verdicts(session: Session, version_ids: Sequence[str]) -> dict[str, Verdict | None]:
    query = (
        select(VerificationRun.version_id, VerificationRun.verdict)
        .ext(distinct_on(VerificationRun.version_id))
        .where(
            VerificationRun.version_id.in_(version_ids),
            VerificationRun.state == RunState.COMPLETED,
        )
        .order_by(VerificationRun.version_id, VerificationRun.created_at.desc())
    )
    return dict(session.execute(query).all())
