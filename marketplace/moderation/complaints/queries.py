"""Reads of reports: what cases are about, and the listing that somebody reports."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.core.errors import NotFoundError
from marketplace.core.ids import is_id
from marketplace.listings.models import Listing
from marketplace.listings.states import ListingState
from marketplace.moderation.complaints.models import Complaint, Reason


def reasons_of(session: Session, case_ids: Sequence[str]) -> dict[str, list[Reason]]:
    """What people have reported, by case: each reason once, the most frequent first."""
    if not case_ids:
        return {}
    rows = session.execute(
        select(Complaint.case_id, Complaint.reason)
        .where(Complaint.case_id.in_(case_ids))
        .group_by(Complaint.case_id, Complaint.reason)
        .order_by(func.count().desc(), Complaint.reason)
    )
    found: dict[str, list[Reason]] = {}
    for case_id, reason in rows:
        found.setdefault(str(case_id), []).append(reason)
    return found


def listing_on_sale(session: Session, listing_id: str) -> Listing:
    """The listing to report. Raises NotFoundError unless it is on sale."""
    found = session.get(Listing, listing_id) if is_id(listing_id) else None
    if found is None or found.state is not ListingState.LIVE:
        raise NotFoundError
    return found
