"""A seller's figures as tables: what a page draws, shows and exports is one and the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from sqlalchemy.orm import Session

from marketplace.insights import reads
from marketplace.insights.periods import Period
from marketplace.insights.reads import ByDay, Measured
from marketplace.insights.tables import Column, Figure, Kind, Unit, percent, written

MOST_TERMS = 20


@dataclass(frozen=True)
class Key:
    """One number of the period, and how it was in the period before."""

    label: str
    words: str
    note: str


@dataclass(frozen=True)
class Board:
    """Everything that is counted for one seller and period."""

    keys: tuple[Key, ...]
    figures: tuple[Figure, ...]


def board(session: Session, seller_id: str, period: Period) -> Board:
    """A seller's figures; seven queries."""
    both = Period(2 * period.days, period.last)
    earned = reads.earned(session, seller_id, both)
    sales = reads.sales(session, seller_id, both)
    looks = reads.looks(session, seller_id, both)
    kept = reads.favourites(session, seller_id, both)
    terms = reads.terms(session, seller_id, period, MOST_TERMS)
    measured = reads.measured(session, seller_id)
    return Board(
        keys=_keys(period, earned, sales, looks, kept),
        figures=(
            _revenue(period, earned, sales),
            _funnel(period, looks, sales),
            _conversion(period, looks.opened, sales),
            _favourites(period, kept),
            _terms(terms),
            _consistency(period, measured),
        ),
    )


def _keys(
    period: Period, earned: ByDay, sales: ByDay, looks: reads.Looks, kept: reads.Favourites
) -> tuple[Key, ...]:
    before = period.before

    def number(label: str, by_day: ByDay, unit: Unit = Unit.COUNT) -> Key:
        was = written(before.total(by_day), unit)
        return Key(
            label, written(period.total(by_day), unit), f"{was} in the {period.days} days before"
        )

    rates = [
        percent(stretch.total(sales), stretch.total(looks.opened)) for stretch in (period, before)
    ]
    return (
        number("Revenue, after commission", earned, Unit.CENTS),
        number("Sales", sales),
        Key(
            "Conversion",
            written(rates[0], Unit.PERCENT),
            f"sales of times opened; {written(rates[1], Unit.PERCENT)} before",
        ),
        number("Times opened", looks.opened),
        number("Times shown", looks.shown),
        Key("Favourites", f"{kept.total:,}", f"{period.total(kept.added):,} of them new"),
    )


def _when(period: Period) -> Column:
    if period.is_weekly:
        return Column("week_from", "Week from", Unit.DAY)
    return Column("day", "Day", Unit.DAY)


def _revenue(period: Period, earned: ByDay, sales: ByDay) -> Figure:
    cents, sold = period.sums(earned), period.sums(sales)
    total = written(sum(cents), Unit.CENTS)
    return Figure(
        slug="revenue",
        title="Revenue",
        says=f"{total} after commission, less refunds and lost disputes, from "
        f"{sum(sold):,} {'sale' if sum(sold) == 1 else 'sales'}.",
        kind=Kind.BARS,
        columns=(
            _when(period),
            Column("sales", "Sales", Unit.COUNT),
            Column("revenue", "Revenue", Unit.CENTS),
        ),
        rows=tuple(zip(period.parts, sold, cents, strict=True)),
        plotted=2,
        empty="Nothing was booked in these days.",
    )


def _funnel(period: Period, looks: reads.Looks, sales: ByDay) -> Figure:
    names = ("Shown", "Opened", "In a cart", "Sold")
    counts = [period.total(by_day) for by_day in (looks.shown, looks.opened, looks.carted, sales)]
    shares = [None, *(percent(part, of) for of, part in pairwise(counts))]
    steps = ", ".join(
        f"{name.lower()} {count:,} {'time' if count == 1 else 'times'}"
        for name, count in zip(names, counts, strict=True)
    )
    return Figure(
        slug="funnel",
        title="From a look to a sale",
        says=f"{steps.capitalize()}.",
        kind=Kind.LEVELS,
        columns=(
            Column("step", "Step", Unit.TEXT),
            Column("times", "Times", Unit.COUNT),
            Column("percent_of_step_before", "Of the step before", Unit.PERCENT),
        ),
        rows=tuple(zip(names, counts, shares, strict=True)),
        plotted=1,
        empty="Nobody has seen your listings in these days.",
    )


def _conversion(period: Period, opened: ByDay, sales: ByDay) -> Figure:
    times, sold = period.sums(opened), period.sums(sales)
    rates = [percent(part, whole) for part, whole in zip(sold, times, strict=True)]
    whole = written(percent(sum(sold), sum(times)), Unit.PERCENT)
    return Figure(
        slug="conversion",
        title="Conversion",
        says=f"{whole} of {sum(times):,} times opened became a sale.",
        kind=Kind.LINE,
        columns=(
            _when(period),
            Column("opened", "Opened", Unit.COUNT),
            Column("sales", "Sales", Unit.COUNT),
            Column("conversion_percent", "Conversion", Unit.PERCENT),
        ),
        rows=tuple(zip(period.parts, times, sold, rates, strict=True)),
        plotted=3,
        empty="No listing was both opened and sold in these days.",
    )


def _favourites(period: Period, kept: reads.Favourites) -> Figure:
    added = period.sums(kept.added)
    return Figure(
        slug="favourites",
        title="Favourites",
        says=f"{sum(added):,} added in these days; {kept.total:,} people keep one of your listings "
        "in all, counted once for each listing.",
        kind=Kind.BARS,
        columns=(_when(period), Column("favourites", "Added", Unit.COUNT)),
        rows=tuple(zip(period.parts, added, strict=True)),
        plotted=1,
        empty="Nobody has made a listing of yours a favourite in these days.",
    )


def _terms(found: Sequence[tuple[str, int]]) -> Figure:
    return Figure(
        slug="terms",
        title="Searches that found you",
        says="Words that people searched for before they opened a listing of yours. Only words "
        "that were used on several days are shown.",
        kind=Kind.LEVELS,
        columns=(Column("words", "Words", Unit.TEXT), Column("opened", "Opened", Unit.COUNT)),
        rows=tuple(found),
        plotted=1,
        empty="No common words have led to a listing of yours in these days.",
    )


def _consistency(period: Period, measured: Sequence[Measured]) -> Figure:
    rows = tuple(consistency_rows(period, measured))
    means = [row[1] for row in rows if row[1] is not None]
    says = "How much of what your prompts ask for is in pictures that nobody picked"
    if means:
        says += f": {means[-1]:g} % on average now, over {rows[-1][2]} measured"
    return Figure(
        slug="consistency",
        title="Consistency",
        says=f"{says}.",
        kind=Kind.LINE,
        columns=(
            _when(period),
            Column("mean_percent", "Mean of your listings", Unit.PERCENT),
            Column("listings", "Listings measured", Unit.COUNT),
            Column("new_reports", "New reports", Unit.COUNT),
        ),
        rows=rows,
        plotted=1,
        empty="None of your listings has a consistency report yet.",
    )


def consistency_rows(
    period: Period, measured: Sequence[Measured]
) -> list[tuple[date, float | None, int, int]]:
    """For each part: mean of each listing's newest report by its end, how many, how many new."""
    found = []
    standing: dict[str, int] = {}
    waiting = list(measured)[::-1]  # oldest last, to be taken from the end
    while waiting and waiting[-1].day < period.first:
        one = waiting.pop()
        standing[one.listing_id] = one.percent
    parts = period.parts
    for part, following in zip(parts, [*parts[1:], None], strict=True):
        new = 0
        while waiting and (following is None or waiting[-1].day < following):
            one = waiting.pop()
            standing[one.listing_id] = one.percent
            new += 1
        mean = round(sum(standing.values()) / len(standing), 1) if standing else None
        found.append((part, mean, len(standing), new))
    return found
