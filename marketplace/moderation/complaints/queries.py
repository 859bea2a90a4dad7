"""Reads of the complaints: the list, its count, and the listing that somebody reports."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.core.errors import NotFoundError
from marketplace.core.ids import is_id
from marketplace.core.web.pagination import Page
from marketplace.listings.models import Listing
from marketplace.listings.states import ListingState
from marketplace.moderation.complaints.models import Complaint

PAGE_SIZE = 30


def complaints(session: Session, number: int, *, closed: bool) -> Page[Complaint]:
    """A page of the open ones, oldest first, or of the closed ones, newest first."""
    wanted = Complaint.closed_at.is_not(None) if closed else Complaint.closed_at.is_(None)
    order = Complaint.closed_at.desc() if closed else Complaint.created_at.asc()
    total = session.scalar(select(func.count(Complaint.id)).where(wanted)) or 0
    query = select(Complaint).where(wanted).order_by(order, Complaint.id)
    found = session.scalars(query.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)).all()
    return Page(found, number, PAGE_SIZE, total)


def open_count(session: Session) -> int:
    """How many wait for a moderator."""
    return (
        session.scalar(select(func.count(Complaint.id)).where(Complaint.closed_at.is_(None))) or 0
    )


def listing_on_sale(session: Session, listing_id: str) -> Listing:
    """The listing to report. Raises NotFoundError unless it is on sale."""
    found = session.get(Listing, listing_id) if is_id(listing_id) else None
    if found is None or found.state is not ListingState.LIVE:
        raise NotFoundError
    return found
