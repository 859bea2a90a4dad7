"""Figures add up: the ledger's cents, days and weeks, rates; drawn, shown and exported alike."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import frozen, now
from marketplace.core.container import Services
from marketplace.core.ids import new_id
from marketplace.insights.charts import HEIGHT, WIDTH, chart_of
from marketplace.insights.exports import figure_csv
from marketplace.insights.figures import Board, board, consistency_rows
from marketplace.insights.models import KnownTerm, ListingDay, TermDay
from marketplace.insights.periods import Period, read_period
from marketplace.insights.reads import Measured
from marketplace.insights.tables import Column, Figure, Kind, Unit, written
from marketplace.listings.models import Listing
from marketplace.orders import ledger
from marketplace.orders.ledger import EntryKind, Leg
from marketplace.orders.models import Order, OrderLine
from marketplace.payouts.statements import make_statement, months_of
from tests.factories.accounts import make_user
from tests.factories.money import make_order
from tests.factories.orders import make_live_listing, make_seller

TODAY = date(2026, 11, 21)
WEEK, YEAR = Period(7, TODAY), Period(365, TODAY)


def test_parts_cover_every_day_once() -> None:
    assert WEEK.parts == [TODAY - timedelta(days=back) for back in range(6, -1, -1)]
    assert YEAR.parts[0] == YEAR.first
    assert YEAR.parts[-1] == TODAY - timedelta(days=6)
    days = {YEAR.first + timedelta(days=number): 1 for number in range(365)}
    outside = {YEAR.first - timedelta(days=1): 100, TODAY + timedelta(days=1): 100}
    sums = YEAR.sums(days | outside)
    assert (sums[0], set(sums[1:]), sum(sums)) == (1, {7}, 365)
    assert YEAR.total(days | outside) == 365
    assert YEAR.before.last == YEAR.first - timedelta(days=1)


def test_an_unknown_period_is_a_month() -> None:
    with frozen(datetime(2026, 11, 21, 23, 59, tzinfo=UTC)):
        assert [read_period(text).days for text in ("7", "30", "365", "8", "", "x")] == [
            *(7, 30, 365),
            *(30, 30, 30),
        ]
        assert read_period("7") == WEEK


def test_consistency_is_the_mean_of_what_stands_by_then() -> None:
    measured = [
        Measured(TODAY - timedelta(days=40), "a", 60),
        Measured(TODAY - timedelta(days=3), "b", 80),
        Measured(TODAY - timedelta(days=1), "a", 90),
    ]
    rows = consistency_rows(WEEK, measured)
    assert [row[1:] for row in rows] == [
        *[(60, 1, 0)] * 3,
        (70, 2, 1),
        (70, 2, 0),
        (85, 2, 1),
        (85, 2, 0),
    ]
    assert consistency_rows(WEEK, [])[0] == (WEEK.first, None, 0, 0)


def figure(kind: Kind, values: list[int | float | None], unit: Unit = Unit.COUNT) -> Figure:
    columns = (Column("what", "What", Unit.TEXT), Column("many", "Many", unit))
    rows = tuple((f"row {number}", value) for number, value in enumerate(values))
    return Figure("slug", "Title", "Says.", kind, columns, rows, 1, "Nothing.")


def test_bars_stand_on_zero_within_the_drawing() -> None:
    chart = chart_of(figure(Kind.BARS, [300, 0, -100], Unit.CENTS))
    up, down = chart.bars
    assert (chart.zero, chart.top, chart.bottom) == (75.0, "$3.00", "\u2212$1.00")
    assert (up.y, up.height, down.y, down.height) == (0.0, 75.0, 75.0, 25.0)
    assert up.words == "row 0: $3.00"
    assert 0 < up.x < up.x + up.width < down.x
    assert down.x + down.width < WIDTH


def test_a_line_is_broken_where_nothing_is_known() -> None:
    chart = chart_of(figure(Kind.LINE, [1.0, 2.0, None, 4.0], Unit.PERCENT))
    assert chart.lines == ("125,75 375,50",)  # the last stands alone, as a dot
    assert [dot.y for dot in chart.dots] == [75.0, 50.0, 0.0]
    assert (chart.zero, chart.top, chart.bottom) == (HEIGHT, "4 %", "0 %")


def test_levels_are_shares_of_the_greatest() -> None:
    levels = chart_of(figure(Kind.LEVELS, [2000, 500, 0])).levels
    assert [(level.value, level.share) for level in levels] == [
        ("2,000", 100.0),
        ("500", 25.0),
        ("0", 0.0),
    ]


@pytest.mark.parametrize(
    ("cell", "unit", "text"),
    [
        (None, Unit.PERCENT, "–"),
        (12.5, Unit.PERCENT, "12.5 %"),
        (-159, Unit.CENTS, "\u2212$1.59"),
        (1234567, Unit.COUNT, "1,234,567"),
        (TODAY, Unit.DAY, "21 Nov 2026"),
    ],
)
def test_cells_in_words(cell: object, unit: Unit, text: str) -> None:
    assert written(cell, unit) == text  # type: ignore[arg-type]


def test_a_file_holds_no_formula_and_exact_numbers() -> None:
    columns = (
        Column("words", "Words", Unit.TEXT),
        Column("many", "Many", Unit.COUNT),
        Column("money", "Money", Unit.CENTS),
        Column("day", "Day", Unit.DAY),
        Column("share", "Share", Unit.PERCENT),
    )
    rows = (
        ("=cmd|'/c calc'!A1", 1234567, -159, TODAY, 12.5),
        ("+1\n@x", 0, 0, TODAY, None),
    )
    made = figure_csv(Figure("s", "T", "S", Kind.BARS, columns, rows, 1, ""))
    assert made.startswith(b"\xef\xbb\xbf")
    found = list(csv.reader(io.StringIO(made.decode("utf-8-sig"))))
    assert found == [
        ["words", "many", "money", "day", "share"],
        ["'=cmd|'/c calc'!A1", "1234567", "-1.59", "2026-11-21", "12.5"],
        ["'+1 @x", "0", "0.00", "2026-11-21", ""],
    ]


@pytest.fixture
def seller(session: Session) -> SellerProfile:
    return make_seller(session)


def sell(session: Session, listing: Listing, days_ago: int) -> OrderLine:
    """A paid order, booked as a charge is."""
    order = make_order(session, make_user(session).id, listing)
    _date(session, order, days_ago)
    (line,) = order.lines
    legs = [
        Leg(ledger.STRIPE_BALANCE, line.price_cents),
        Leg(ledger.COMMISSION, -line.commission_cents),
        Leg(ledger.seller_payable(listing.seller_id), -line.seller_cents, line.id),
    ]
    _book(session, EntryKind.CHARGE, legs)
    return line


def _date(session: Session, order: Order, days_ago: int) -> None:
    order.paid_at = now() - timedelta(days=days_ago)
    session.flush()


def _book(session: Session, kind: EntryKind, legs: list[Leg]) -> None:
    assert ledger.post(session, kind, new_id(), legs)


def rows_of(found: Board, slug: str) -> list[tuple[object, ...]]:
    (one,) = [one for one in found.figures if one.slug == slug]
    return list(one.rows)


def test_revenue_is_what_the_statements_call_earned(
    session: Session, seller: SellerProfile
) -> None:
    listing = make_live_listing(session, seller, 299)
    other = make_live_listing(session, make_seller(session), 499)
    line = sell(session, listing, 0)
    lost = sell(session, listing, 0)
    sell(session, other, 0)
    payable = ledger.seller_payable(seller.user_id)
    # Paid to the seller: moves money, earns nothing.
    paid = [Leg(ledger.STRIPE_BALANCE, -239), Leg(payable, 239, line.id)]
    _book(session, EntryKind.TRANSFER, paid)
    # Called back for a dispute, which is lost.
    held = ledger.seller_held("du_1")
    back = [Leg(ledger.STRIPE_BALANCE, 239), Leg(held, -239, lost.id)]
    _book(session, EntryKind.REVERSAL, back)
    gone = [Leg(held, 239, lost.id), Leg(ledger.LOSS, -239)]
    _book(session, EntryKind.DISPUTE_LOST, gone)
    refund = [
        Leg(ledger.STRIPE_BALANCE, -100),
        Leg(payable, 80, line.id),
        Leg(ledger.COMMISSION, 20),
    ]
    _book(session, EntryKind.REFUND, refund)
    found = board(session, seller.user_id, read_period("7"))
    booked = sum(int(str(row[2])) for row in rows_of(found, "revenue"))
    (month,) = months_of(session, seller.user_id)
    assert booked == make_statement(session, seller.user_id, month).earned_cents == 239 - 80
    assert found.keys[0].words == "$1.59"
    assert [row[1] for row in rows_of(found, "funnel")] == [0, 0, 0, 2]


def test_looks_sales_and_words_of_the_period_and_of_nobody_else(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    mine = make_live_listing(session, seller)
    theirs = make_live_listing(session, make_seller(session))
    today = read_period("7").last
    for listing in (mine, theirs):
        for back, many in ((0, 10), (6, 5), (7, 100)):
            session.add(
                ListingDay(
                    listing_id=listing.id,
                    day=today - timedelta(days=back),
                    shown=10 * many,
                    opened=many,
                    carted=many // 5,
                )
            )
    for words, clicks in (("paper fox", 3), ("=fox", 4)):
        key = services.vault.digest("search term", words.encode())
        session.add(KnownTerm(term_key=key, words=words))
        session.add(TermDay(listing_id=mine.id, term_key=key, day=today, clicks=clicks))
    rare = b"never shown"
    session.add(TermDay(listing_id=mine.id, term_key=rare, day=today, clicks=50))
    sell(session, mine, 0)
    sell(session, mine, 8)
    sell(session, mine, 400)
    session.flush()
    found = board(session, seller.user_id, read_period("7"))
    assert rows_of(found, "funnel") == [
        ("Shown", 150, None),
        ("Opened", 15, 10.0),
        ("In a cart", 3, 20.0),
        ("Sold", 1, 33.3),
    ]
    assert rows_of(found, "terms") == [("=fox", 4), ("paper fox", 3)]
    assert rows_of(found, "conversion")[-1] == (today, 10, 1, 10.0)
    assert found.keys[1].note == "1 in the 7 days before"
    assert rows_of(board(session, theirs.seller_id, read_period("7")), "terms") == []
