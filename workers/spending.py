"""A worker's purse for one listing at one provider: the ceilings, kept in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from marketplace.core.clock import now
from marketplace.core.database import Database
from marketplace.core.unit_of_work import unit_of_work
from marketplace.verification import spending
from workers.engines.errors import COST_CEILING, PROVIDER_BUSY, EngineRefused, EngineUnavailable


@dataclass(frozen=True)
class ListingPurse:
    """See engines.draws.Purse. Each verb is a transaction of its own, done before the call."""

    database: Database
    provider: str
    target_model_slug: str
    listing_id: str
    ceilings: spending.Ceilings

    def book(self, images: int, microdollars: int) -> str:
        """Set money aside; returns the booking's id.

        Raises:
            EngineUnavailable: the day's ceiling is reached; try again tomorrow (UTC).
            EngineRefused: the listing's ceiling is reached; a person decides.
        """
        try:
            with unit_of_work(self.database) as session:
                return spending.book(
                    session,
                    self.provider,
                    self.target_model_slug,
                    self.listing_id,
                    images,
                    microdollars,
                    self.ceilings,
                ).id
        except spending.CeilingReachedError as error:
            if error.scope == "listing":
                raise EngineRefused(f"{self.provider}: {error}", code=COST_CEILING) from None
            busy = EngineUnavailable(f"{self.provider}: {error}", code=PROVIDER_BUSY)
            busy.retry_after = _seconds_until_tomorrow()
            raise busy from None

    def close(self, booking_id: str, charged: bool) -> None:
        """Say whether the call may have cost something."""
        with unit_of_work(self.database) as session:
            spending.close(session, booking_id, charged)


def _seconds_until_tomorrow() -> float:
    tomorrow = datetime.combine(now().date() + timedelta(days=1), time(), UTC)
    return (tomorrow - now()).total_seconds()
