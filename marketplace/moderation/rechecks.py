"""Listings on sale that were approved with the limit to be looked at again: when it is time."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.listings.models import Listing
from marketplace.moderation.complaints.models import Reason
from marketplace.moderation.complaints.operations import complain
from marketplace.moderation.decisions.models import Decision, ListingLimit
from marketplace.moderation.states import Limit


def open_rechecks(session: Session, limit: int = 50) -> int:
    """Put what is due among the reports, in the name of who wanted it; returns how many."""
    due = session.scalars(
        select(ListingLimit)
        .where(
            ListingLimit.kind == Limit.RECHECK,
            ListingLimit.ended_at.is_(None),
            ListingLimit.due_at <= now(),
        )
        .order_by(ListingLimit.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for row in due:
        wanted_by = session.get_one(Decision, row.decision_id).moderator_id
        note = "Approved on condition that somebody looks at it again after 30 days."
        complain(session, session.get_one(Listing, row.listing_id), wanted_by, Reason.OTHER, note)
        row.ended_at = now()
    session.flush()
    return len(due)
