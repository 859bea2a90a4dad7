"""Money at providers: no two workers, and no crash, can pass a ceiling."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.core.clock import frozen, now
from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.verification.spend_models import BookingState, ProviderBooking
from marketplace.verification.spending import CeilingReachedError, Ceilings, book, close
from tests.factories.verification import make_waiting_listing

ROOMY = Ceilings(listing=10_000, day=100_000)


def booked(session: Session, listing_id: str, microdollars: int, ceilings: Ceilings) -> str:
    return book(session, "openai", "house-test", listing_id, 1, microdollars, ceilings).id


def test_a_listing_may_spend_to_its_ceiling_and_not_a_millionth_more(
    session: Session, services: Services
) -> None:
    listing = make_waiting_listing(session, services.vault)
    other = make_waiting_listing(session, services.vault)
    booked(session, listing.id, 9_999, ROOMY)
    booked(session, listing.id, 1, ROOMY)
    with pytest.raises(CeilingReachedError) as caught:
        booked(session, listing.id, 1, ROOMY)
    assert caught.value.scope == "listing"
    booked(session, other.id, 10_000, ROOMY)


def test_a_day_has_its_own_ceiling_and_the_next_day_another(
    session: Session, services: Services
) -> None:
    listing = make_waiting_listing(session, services.vault)
    tight = Ceilings(listing=1_000_000, day=100)
    booked(session, listing.id, 100, tight)
    with pytest.raises(CeilingReachedError) as caught:
        booked(session, listing.id, 1, tight)
    assert caught.value.scope == "day"
    with frozen(now() + timedelta(days=1)):
        booked(session, listing.id, 100, tight)


def test_only_what_was_surely_not_charged_is_given_back(
    session: Session, services: Services
) -> None:
    listing = make_waiting_listing(session, services.vault)
    one = Ceilings(listing=100, day=100)
    first = booked(session, listing.id, 100, one)
    close(session, first, charged=False)
    close(session, first, charged=True)  # a second word changes nothing
    assert session.get_one(ProviderBooking, first).state is BookingState.RELEASED
    second = booked(session, listing.id, 100, one)
    close(session, second, charged=True)
    with pytest.raises(CeilingReachedError):
        booked(session, listing.id, 100, one)


def test_a_crash_after_booking_goes_on_counting(session: Session, services: Services) -> None:
    listing = make_waiting_listing(session, services.vault)
    one = Ceilings(listing=100, day=100)
    booked(session, listing.id, 60, one)  # never closed: its worker died
    with pytest.raises(CeilingReachedError):
        booked(session, listing.id, 60, one)


def test_providers_and_their_ceilings_are_separate(session: Session, services: Services) -> None:
    listing = make_waiting_listing(session, services.vault)
    one = Ceilings(listing=100, day=100)
    booked(session, listing.id, 100, one)
    assert book(session, "another", "house-test", listing.id, 1, 100, one).microdollars == 100


def test_many_workers_at_once_stay_under_the_ceiling(services: Services) -> None:
    with unit_of_work(services.database) as session:
        listing_id = make_waiting_listing(session, services.vault).id
    seven = Ceilings(listing=7, day=1_000)

    def attempt(_: int) -> bool:
        try:
            with unit_of_work(services.database) as session:
                booked(session, listing_id, 1, seven)
        except CeilingReachedError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(24))) == 7
    with unit_of_work(services.database) as session:
        total = session.scalar(select(func.sum(ProviderBooking.microdollars)))
    assert total == 7
