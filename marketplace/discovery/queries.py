"""Reads for visitors. Each page costs a fixed number of queries, however many cards it shows."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Select, bindparam, exists, func, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from marketplace.accounts.models import SellerProfile
from marketplace.core.errors import NotFoundError
from marketplace.core.ids import is_id
from marketplace.core.web.pagination import Page
from marketplace.discovery.on_sale import on_sale as _live
from marketplace.discovery.shelving import Shelved, shelve
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.states import ListingState
from marketplace.listings.tiers import Tier
from marketplace.verification.models import SampleCheck, VerificationRun
from marketplace.verification.similarity import Band
from marketplace.verification.states import Verdict

PAGE_SIZE = 24
# The id makes the order total, so that no listing falls between two pages.
_NEWEST = (Listing.published_at.desc(), Listing.id.asc())


def latest(session: Session, limit: int) -> list[Shelved]:
    """The newest live listings."""
    return shelve(session, _live(select(Listing.id)).order_by(*_NEWEST).limit(limit))


def of_seller(session: Session, seller_id: str, number: int) -> Page[Shelved]:
    """One page of a seller's live listings, newest first."""
    mine = Listing.seller_id == seller_id
    total = session.scalar(_live(select(func.count(Listing.id))).where(mine)) or 0
    newest = _live(select(Listing.id)).where(mine).order_by(*_NEWEST)
    shown = shelve(session, newest.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE))
    return Page(shown, number, PAGE_SIZE, total)


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
    listing = session.scalar(_with_live_version(), {"listing_id": listing_id})
    if listing is None:
        raise NotFoundError
    if is_on_sale(listing):
        version = listing.live_version
    else:
        version = listing.version if listing.seller_id == viewer_id else None
    if version is None:
        raise NotFoundError
    return listing, version


@cache
def _with_live_version() -> Select[Listing]:
    """The listing of id ``listing_id``, all that its page says of it in one query; built once."""
    return (
        select(Listing)
        .where(Listing.id == bindparam("listing_id"))
        .options(joinedload(Listing.live_version))
    )


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
    shown = (
        VerificationRun.version_id == Listing.live_version_id,
        VerificationRun.verdict == Verdict.REPRODUCED,
        SampleCheck.run_id == VerificationRun.id,
        SampleCheck.band == Band.REPRODUCED,
    )
    # The listing first: along the index of dates the first one that will do is soon found.
    newest = _live(select(Listing.id)).where(exists().where(*shown)).order_by(*_NEWEST).limit(1)
    listing_id = session.scalar(newest)
    if listing_id is None:
        return None
    row = session.execute(
        select(Listing, SampleCheck)
        .join(ListingVersion, ListingVersion.id == Listing.live_version_id)
        .join(VerificationRun, VerificationRun.version_id == ListingVersion.id)
        .where(Listing.id == listing_id, *shown)
        .options(contains_eager(Listing.live_version))
        .order_by(SampleCheck.position)
        .limit(1)
    ).first()
    return (row[0], row[1]) if row else None
