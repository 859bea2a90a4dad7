"""Reads about preflights: a listing's newest, a seller's share of the day."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.listings.models import Listing, ListingVersion, Sample
from marketplace.listings.states import ListingState
from marketplace.verification.models import CopyHit
from marketplace.verification.preflight.models import Outcome, Preflight

PUBLIC_STATES = (ListingState.LIVE, ListingState.WITHDRAWN)


def newest_of(session: Session, listing_id: str) -> Preflight | None:
    """The last preflight of any version of a listing."""
    return session.scalar(
        select(Preflight)
        .join(ListingVersion, ListingVersion.id == Preflight.version_id)
        .where(ListingVersion.listing_id == listing_id)
        .order_by(Preflight.created_at.desc())
        .limit(1)
    )


def open_preflight_of(session: Session, listing_id: str) -> Preflight | None:
    """A listing's preflight that is not over."""
    return session.scalar(
        select(Preflight)
        .join(ListingVersion, ListingVersion.id == Preflight.version_id)
        .where(ListingVersion.listing_id == listing_id, Preflight.outcome.is_(None))
    )


def open_with_report(session: Session, report_id: str) -> Preflight | None:
    """The preflight that is not over and waits for this preview."""
    return session.scalar(
        select(Preflight).where(Preflight.report_id == report_id, Preflight.outcome.is_(None))
    )


def used(session: Session, seller_id: str, since: datetime) -> list[datetime]:
    """When a seller's preflights since then were started, oldest first; our failures left out."""
    query = (
        select(Preflight.created_at)
        .where(
            Preflight.seller_id == seller_id,
            Preflight.created_at > since,
            Preflight.outcome.is_distinct_from(Outcome.FAILED),
        )
        .order_by(Preflight.created_at)
    )
    return list(session.scalars(query))


def hidden_titles(session: Session, run_id: str) -> list[str]:
    """Titles of listings among a run's copy hits that are not for everybody's eyes."""
    query = (
        select(Listing.title)
        .join(ListingVersion, ListingVersion.listing_id == Listing.id)
        .join(Sample, Sample.version_id == ListingVersion.id)
        .join(CopyHit, CopyHit.other_sample_id == Sample.id)
        .where(CopyHit.run_id == run_id, Listing.state.not_in(PUBLIC_STATES))
        .distinct()
    )
    # The longest first: one title may be the beginning of another.
    return sorted(session.scalars(query), key=len, reverse=True)
