"""Whether somebody can buy a listing now, and in which words they are told why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from marketplace.gateways.payments import TransfersStatus
from marketplace.listings.models import Listing
from marketplace.listings.states import ListingState
from marketplace.listings.tiers import Tier
from marketplace.orders.models import Entitlement, Order, OrderLine
from marketplace.orders.states import EntitlementState, OrderState

PAYMENT_IN_REVIEW = (
    "A payment of yours for this prompt has arrived and a person is looking at it. "
    "Please do not pay again; we will write to you."
)


@dataclass(frozen=True)
class Obstacle:
    """Why a listing cannot be bought, for the person who wants it."""

    code: str
    message: str
    entitlement_id: str | None = None
    """What the person owns already and may use now."""


@dataclass(frozen=True)
class Candidate:
    """A listing with what stands in the way of buying it, if anything."""

    listing: Listing
    obstacle: Obstacle | None


def candidates(
    session: Session, buyer_id: str | None, listing_ids: Sequence[str]
) -> list[Candidate]:
    """Listings in the order asked for; those that never were public are left out.

    Args:
        buyer_id: None for a stranger, of whom only the listings' own state is judged.
    """
    found = {
        listing.id: listing
        for listing in session.scalars(
            select(Listing)
            .where(Listing.id.in_(listing_ids), Listing.published_at.is_not(None))
            .options(joinedload(Listing.live_version))
        )
    }
    listings = [found[listing_id] for listing_id in listing_ids if listing_id in found]
    personal = _personal(session, buyer_id, list(found)) if buyer_id else {}
    return [
        Candidate(listing, personal.get(listing.id) or _obstacle(buyer_id, listing))
        for listing in listings
    ]


def _personal(session: Session, buyer_id: str, listing_ids: Sequence[str]) -> dict[str, Obstacle]:
    """What the buyer has already: a right, or money that waits for a person."""
    in_review = session.scalars(
        select(OrderLine.listing_id)
        .join(OrderLine.order)
        .where(
            Order.buyer_id == buyer_id,
            Order.state == OrderState.REVIEW,
            OrderLine.listing_id.in_(listing_ids),
        )
    )
    obstacles = {
        listing_id: Obstacle("payment_in_review", PAYMENT_IN_REVIEW) for listing_id in in_review
    }
    rights = session.scalars(
        select(Entitlement).where(
            Entitlement.buyer_id == buyer_id,
            Entitlement.listing_id.in_(listing_ids),
            Entitlement.state != EntitlementState.REVOKED,
        )
    )
    return obstacles | {right.listing_id: _owned(right) for right in rights}


def _owned(right: Entitlement) -> Obstacle:
    if right.state is EntitlementState.SUSPENDED:
        return Obstacle(
            "in_dispute",
            "You have bought this prompt already; your bank is looking into that payment.",
        )
    return Obstacle("owned", "You own this prompt already.", right.id)


def _obstacle(buyer_id: str | None, listing: Listing) -> Obstacle | None:
    if listing.state is not ListingState.LIVE:
        return Obstacle("not_for_sale", "This prompt is not for sale at the moment.")
    version = listing.live_version
    if version is not None and version.tier is Tier.ARCHIVED:
        return Obstacle(
            "model_retired",
            "This prompt is for a model that has been switched off, so it is not for sale.",
        )
    if buyer_id is not None and listing.seller_id == buyer_id:
        return Obstacle("own_listing", "This is your own prompt: there is nothing to buy.")
    if listing.seller.transfers_status is not TransfersStatus.ACTIVE:
        return Obstacle(
            "seller_not_ready",
            "This prompt cannot be bought just now: its seller cannot receive payments yet.",
        )
    return None
