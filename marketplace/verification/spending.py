"""Money at providers: booked before a call, under a ceiling, so that no crash can overspend.

Amounts are whole microdollars. A booking counts until it is known that nothing was charged: a
worker that dies between booking and call costs allowance, never money.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.verification.spend_models import BookingState, ProviderBooking


@dataclass(frozen=True)
class Ceilings:
    """The most that may be booked, in microdollars: for one listing ever, for all in a day."""

    listing: int
    day: int


class CeilingReachedError(Exception):
    """A booking would pass a ceiling; ``scope`` is "listing" or "day"."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"the ceiling of the {scope} is reached")
        self.scope = scope


def book(
    session: Session,
    provider: str,
    target_model_slug: str,
    listing_id: str,
    images: int,
    microdollars: int,
    ceilings: Ceilings,
) -> ProviderBooking:
    """Set money aside for one call; commit before calling.

    Bookings of one provider wait for each other until the commit, so that two workers cannot
    both take the last cent.

    Raises:
        CeilingReachedError: when it would pass the listing's ceiling or the day's.
    """
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"bookings of {provider}"))))
    today = now().date()
    if spent(session, provider, ProviderBooking.listing_id == listing_id) + microdollars > (
        ceilings.listing
    ):
        raise CeilingReachedError("listing")
    if spent(session, provider, ProviderBooking.day == today) + microdollars > ceilings.day:
        raise CeilingReachedError("day")
    booking = ProviderBooking(
        provider=provider,
        listing_id=listing_id,
        target_model_slug=target_model_slug,
        images=images,
        microdollars=microdollars,
        day=today,
        state=BookingState.BOOKED,
    )
    session.add(booking)
    session.flush()
    return booking


def close(session: Session, booking_id: str, charged: bool) -> None:
    """Say what became of a booking; only the first word counts.

    Args:
        charged: False only when the provider surely charged nothing.
    """
    booking = session.get_one(ProviderBooking, booking_id, with_for_update=True)
    if booking.state is BookingState.BOOKED:
        booking.state = BookingState.USED if charged else BookingState.RELEASED
        booking.closed_at = now()


def spent(session: Session, provider: str, scope: ColumnElement[bool]) -> int:
    """Microdollars booked and not released at a provider within a scope."""
    total = session.scalar(
        select(func.coalesce(func.sum(ProviderBooking.microdollars), 0)).where(
            ProviderBooking.provider == provider,
            ProviderBooking.state != BookingState.RELEASED,
            scope,
        )
    )
    return int(total or 0)
