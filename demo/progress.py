"""How far the worker is with what the loader has submitted. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from demo.script import DemoScript
from demo.stored import find_listing
from marketplace.listings.models import Listing
from marketplace.listings.states import ListingState
from marketplace.verification.models import VerificationRun

MISSING = "not there yet"


def verified(session: Session, listing_ids: Collection[str]) -> set[str]:
    """Those of the listings that verification is done with, whatever came of it."""
    query = select(Listing.id).where(
        Listing.id.in_(listing_ids),
        Listing.state.not_in([ListingState.DRAFT, ListingState.VERIFYING]),
    )
    return set(session.scalars(query))


def pulse(session: Session, listing_ids: Collection[str]) -> tuple[int, ...]:
    """Numbers that change for as long as anything happens to the listings' runs."""
    query = (
        select(
            func.count(VerificationRun.id),
            func.coalesce(func.sum(VerificationRun.samples_done), 0),
            func.coalesce(func.sum(VerificationRun.step), 0),
            func.coalesce(func.sum(VerificationRun.attempts), 0),
        )
        .join(Listing, Listing.version_id == VerificationRun.version_id)
        .where(Listing.id.in_(listing_ids))
    )
    return tuple(int(number) for number in session.execute(query).one())


def standing(session: Session, script: DemoScript) -> dict[str, str]:
    """Where each scripted listing stands, by key."""
    found = {listing.key: find_listing(session, listing) for listing in script.listings}
    return {key: stored.state.value if stored else MISSING for key, stored in found.items()}


def tally(states: dict[str, str]) -> str:
    """How many listings stand where, as in "26 live, 6 in review"."""
    counts = Counter(states.values())
    return ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in counts.most_common())
