"""Spam that shows only across a seller's listings: pace, boiler-plate, one structure again and
again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from rapidfuzz import fuzz
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.listings.models import Listing
from marketplace.listings.states import ListingState
from marketplace.listings.words import words_of
from marketplace.policy import Finding, Severity
from marketplace.screening.clones import Neighbour
from marketplace.screening.recording import Noted

WINDOW = timedelta(hours=24)
BOILER_PLATE = 0.92
STRUCTURE = 0.6
"""Estimated share of pieces in common."""
SEVERAL = 3
LOOKED_AT = 200
"""Of a seller's other listings, the newest."""


def habit_findings(
    session: Session, listing: Listing, neighbours: Sequence[Neighbour], per_day: int
) -> list[Noted]:
    """SPAM findings that rest on the seller's other listings.

    Args:
        per_day: submissions within 24 hours that nobody minds; 0 for no limit.
    """
    found = []
    pace = _submitted_lately(session, listing)
    if per_day and pace > per_day:
        found.append(
            _noted(
                f"The seller submitted {pace} listings within 24 hours.",
                "Take your time: a few good ones sell better.",
                "habits.pace",
            )
        )
    same = _same_description(session, listing)
    if len(same) >= SEVERAL:
        found.append(
            _noted(
                f"{len(same)} other listings of the seller carry nearly the same description.",
                "Say what this one makes.",
                "habits.boiler_plate",
                same,
            )
        )
    built = [
        (one.listing_id, one.similarity)
        for one in neighbours
        if one.seller_id == listing.seller_id and one.similarity >= STRUCTURE
    ]
    if len(built) >= SEVERAL:
        found.append(
            _noted(
                f"{len(built)} other listings of the seller are built like this one, word for word "
                "in most places.",
                "Offer one listing with one more variable.",
                "habits.structure",
                built,
            )
        )
    return found


def _submitted_lately(session: Session, listing: Listing) -> int:
    return (
        session.scalar(
            select(func.count())
            .select_from(Listing)
            .where(Listing.seller_id == listing.seller_id, Listing.submitted_at > now() - WINDOW)
        )
        or 0
    )


def _same_description(session: Session, listing: Listing) -> list[tuple[str, float]]:
    rows = session.execute(
        select(Listing.id, Listing.description)
        .where(
            Listing.seller_id == listing.seller_id,
            Listing.id != listing.id,
            Listing.state != ListingState.DRAFT,
        )
        .order_by(Listing.created_at.desc())
        .limit(LOOKED_AT)
    )
    version = listing.version
    own = words_of(listing, version).description if version else listing.description
    found = []
    for other_id, description in rows:
        share = fuzz.ratio(own, description) / 100
        if share >= BOILER_PLATE:
            found.append((other_id, share))
    return found


def _noted(said: str, fix: str, rule: str, others: Sequence[tuple[str, float]] = ()) -> Noted:
    return Noted(Finding("SPAM", Severity.SOFT, "listing", None, said, fix, rule), tuple(others))
