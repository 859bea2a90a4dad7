"""A worker's purse: what a reached ceiling means for the run."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from marketplace.core.clock import frozen
from marketplace.core.container import Services
from marketplace.verification.spend_models import BookingState, ProviderBooking
from marketplace.verification.spending import Ceilings
from tests.factories.verification import make_waiting_listing
from workers.engines.errors import COST_CEILING, PROVIDER_BUSY, EngineRefused, EngineUnavailable
from workers.spending import ListingPurse


def purse_of(session: Session, services: Services, ceilings: Ceilings) -> ListingPurse:
    listing = make_waiting_listing(session, services.vault)
    session.commit()
    return ListingPurse(services.database, "openai", "house-test", listing.id, ceilings)


def test_a_booking_is_in_the_database_before_the_call(session: Session, services: Services) -> None:
    purse = purse_of(session, services, Ceilings(100, 100))
    booking_id = purse.book(2, 80)
    row = session.get_one(ProviderBooking, booking_id)
    assert (row.images, row.microdollars, row.state) == (2, 80, BookingState.BOOKED)
    purse.close(booking_id, charged=False)
    session.expire_all()
    assert session.get_one(ProviderBooking, booking_id).state is BookingState.RELEASED


def test_a_listing_that_has_spent_its_share_goes_to_a_person(
    session: Session, services: Services
) -> None:
    purse = purse_of(session, services, Ceilings(listing=50, day=100))
    with pytest.raises(EngineRefused) as caught:
        purse.book(1, 51)
    assert caught.value.code == COST_CEILING


def test_a_day_that_is_spent_waits_for_the_next(session: Session, services: Services) -> None:
    purse = purse_of(session, services, Ceilings(listing=100, day=50))
    with (
        frozen(datetime(2026, 11, 21, 23, 0, tzinfo=UTC)),
        pytest.raises(EngineUnavailable) as caught,
    ):
        purse.book(1, 51)
    assert (caught.value.code, caught.value.retry_after) == (PROVIDER_BUSY, 3600)
