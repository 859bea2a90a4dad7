"""The listings that are built most like a version, by keyed prints: no prompt is opened for it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.states import ListingState
from marketplace.policy.prints import RULE_VERSION, similarity
from marketplace.screening.models import PolicyPrint

CANDIDATES = 60
LEAST = 0.2
_SHOWN = (ListingState.LIVE, ListingState.IN_REVIEW, ListingState.VERIFYING)


@dataclass(frozen=True, slots=True)
class Near:
    """Another listing, and the estimated share of pieces in common (0 to 1)."""

    listing: Listing
    similarity: float


def nearest(session: Session, version: ListingVersion, limit: int = 3) -> list[Near]:
    """The nearest other listings, nearest first; none before the version's texts were checked."""
    own = session.get(PolicyPrint, version.id)
    if own is None or own.rule_version != RULE_VERSION:
        return []
    rows = session.execute(
        select(Listing, PolicyPrint.signature)
        .join(ListingVersion, ListingVersion.listing_id == Listing.id)
        .join(PolicyPrint, PolicyPrint.version_id == ListingVersion.id)
        .where(
            PolicyPrint.bands.overlap(list(own.bands)),
            PolicyPrint.rule_version == RULE_VERSION,
            Listing.id != version.listing_id,
            or_(
                Listing.version_id == ListingVersion.id,
                Listing.live_version_id == ListingVersion.id,
            ),
            Listing.state.in_(_SHOWN),
        )
        .limit(CANDIDATES)
    ).all()
    found = [Near(listing, similarity(own.signature, other)) for listing, other in rows]
    ranked = sorted(found, key=lambda one: one.similarity)
    best = {one.listing.id: one for one in ranked if one.similarity >= LEAST}
    return sorted(best.values(), key=lambda one: -one.similarity)[:limit]
