"""What people are told about a version that its changed model no longer makes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.listings.models import Listing, ListingVersion
from marketplace.verification.changes.models import Reverification
from marketplace.verification.changes.states import ReverificationState
from marketplace.verification.states import RunState

HELD = (
    ReverificationState.DEGRADED,
    ReverificationState.EXPIRED,
    ReverificationState.MENDED,
)


@dataclass(frozen=True)
class Degradation:
    """The notice on a version's pages."""

    model_name: str
    since: datetime
    fix_by: datetime | None
    over: bool
    """The time to mend it is over: it is not for sale in this version any more."""
    replaced: bool
    """A newer version is on sale."""
    listing_path: str
    version_number: int
    run_id: str | None
    """The run that found it, where there is a report to read."""


def degradation_of(session: Session, version: ListingVersion | None) -> Degradation | None:
    """What the pages of a version say; None while its model makes its samples."""
    if version is None or version.degraded_since is None:
        return None
    listing = session.get_one(Listing, version.listing_id)
    found = session.scalar(
        select(Reverification)
        .where(Reverification.version_id == version.id, Reverification.state.in_(HELD))
        .order_by(Reverification.created_at.desc())
        .limit(1)
    )
    run = None if found is None else found.run
    return Degradation(
        model_name=version.target_model.name,
        since=version.degraded_since,
        fix_by=version.fix_by,
        over=version.fix_window_is_over,
        replaced=listing.live_version_id != version.id,
        listing_path=listing.path,
        version_number=version.number,
        run_id=run.id if run is not None and run.state is RunState.COMPLETED else None,
    )
