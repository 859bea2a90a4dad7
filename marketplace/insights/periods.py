"""The stretch of days that a dashboard shows, and how it is divided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from marketplace.core.clock import now

CHOICES = (7, 30, 365)
DEFAULT = 30


@dataclass(frozen=True)
class Period:
    """So many days in UTC, the last of them today."""

    days: int
    last: date

    @property
    def first(self) -> date:
        """The first day."""
        return self.last - timedelta(days=self.days - 1)

    @property
    def before(self) -> Period:
        """As many days, just before these."""
        return Period(self.days, self.first - timedelta(days=1))

    @property
    def is_weekly(self) -> bool:
        """Whether figures are by week: more than some forty days are too many to tell apart."""
        return self.days > 40

    @property
    def start(self) -> datetime:
        """The first moment."""
        return datetime(self.first.year, self.first.month, self.first.day, tzinfo=UTC)

    @property
    def parts(self) -> list[date]:
        """The first day of each part: days, or weeks that end with today."""
        step = 7 if self.is_weekly else 1
        many = -(-self.days // step)
        ends = [self.last - timedelta(days=step * number) for number in reversed(range(many))]
        return [max(self.first, end - timedelta(days=step - 1)) for end in ends]

    def sums(self, by_day: Mapping[date, int]) -> list[int]:
        """The sum of each part."""
        parts = self.parts
        places = {
            start + timedelta(days=number): place
            for place, start in enumerate(parts)
            for number in range(7 if self.is_weekly else 1)
        }
        sums = [0] * len(parts)
        for day, count in by_day.items():
            if self.first <= day <= self.last:
                sums[places[day]] += count
        return sums

    def total(self, by_day: Mapping[date, int]) -> int:
        """The sum of all its days."""
        return sum(count for day, count in by_day.items() if self.first <= day <= self.last)


def read_period(text: str) -> Period:
    """The period of an address; whatever is no choice means 30 days."""
    days = {str(choice): choice for choice in CHOICES}.get(text, DEFAULT)
    return Period(days, now().astimezone(UTC).date())
