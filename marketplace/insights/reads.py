"""A seller's figures by day, each in one query however many listings there are; days are UTC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, Row, Select, case, func, select, union_all
from sqlalchemy.orm import QueryableAttribute, Session

from marketplace.community.models import Favourite
from marketplace.insights.models import KnownTerm, ListingDay, TermDay
from marketplace.insights.periods import Period
from marketplace.listings.models import Listing, ListingVersion
from marketplace.orders import ledger
from marketplace.orders.models import LedgerEntry, LedgerPosting, Order, OrderLine
from marketplace.orders.states import SOLD
from marketplace.payouts.statements import PAYMENTS
from marketplace.verification.consistency.models import ConsistencyReport
from marketplace.verification.consistency.states import Purpose, ReportState

ByDay = dict[date, int]


@dataclass(frozen=True)
class Looks:
    """How often all listings together were shown, opened and put into carts, by day."""

    shown: ByDay
    opened: ByDay
    carted: ByDay


@dataclass(frozen=True)
class Favourites:
    """Favourites by the day they were added, of those that still stand."""

    added: ByDay
    total: int


@dataclass(frozen=True)
class Measured:
    """What one consistency report found."""

    day: date
    listing_id: str
    percent: int


def earned(session: Session, seller_id: str, since: Period) -> ByDay:
    """Cents after commission, less refunds and lost disputes, from the ledger alone.

    By the day that each was booked: what is given back lowers the day it was given back. Sums to
    what the seller's statements call earned.
    """
    payable = _postings(since).where(LedgerPosting.account == ledger.seller_payable(seller_id))
    # Shares that a dispute keeps lie on an account of the dispute's.
    held = (
        _postings(since)
        .join(OrderLine, OrderLine.id == LedgerPosting.line_id)
        .where(
            OrderLine.seller_id == seller_id,
            LedgerPosting.account.startswith(ledger.HELD_PREFIX, autoescape=True),
        )
    )
    legs = union_all(payable, held).subquery()
    rows = session.execute(select(legs.c.day, -func.sum(legs.c.cents)).group_by(legs.c.day))
    return {day: int(cents) for day, cents in rows}


def _postings(since: Period) -> Select[Any, int]:
    return (
        select(_day(LedgerEntry.created_at), LedgerPosting.amount_cents.label("cents"))
        .join(LedgerPosting.entry)
        .where(LedgerEntry.created_at >= since.start, LedgerEntry.kind.not_in(PAYMENTS))
    )


def sales(session: Session, seller_id: str, since: Period) -> ByDay:
    """Listings sold, by the day they were paid; refunded ones count."""
    day = _day(Order.paid_at)
    query = (
        select(day, func.count())
        .select_from(OrderLine)
        .join(OrderLine.order)
        .where(
            OrderLine.seller_id == seller_id, Order.state.in_(SOLD), Order.paid_at >= since.start
        )
        .group_by(day)
    )
    return _by_day(session.execute(query).all())


def looks(session: Session, seller_id: str, since: Period) -> Looks:
    """Looks at the seller's listings."""
    rows = session.execute(
        select(
            ListingDay.day,
            func.sum(ListingDay.shown),
            func.sum(ListingDay.opened),
            func.sum(ListingDay.carted),
        )
        .join(Listing, Listing.id == ListingDay.listing_id)
        .where(Listing.seller_id == seller_id, ListingDay.day >= since.first)
        .group_by(ListingDay.day)
    )
    found = Looks({}, {}, {})
    for day, shown, opened, carted in rows:
        found.shown[day], found.opened[day], found.carted[day] = shown, opened, carted
    return found


def favourites(session: Session, seller_id: str, since: Period) -> Favourites:
    """Favourites of others; a number, never whose."""
    day = case((Favourite.created_at >= since.start, _day(Favourite.created_at)))
    rows = session.execute(
        select(day, func.count())
        .select_from(Favourite)
        .join(Listing, Listing.id == Favourite.listing_id)
        .where(Listing.seller_id == seller_id, Favourite.user_id != seller_id)
        .group_by(day)
    ).all()
    added = _by_day([row for row in rows if row[0] is not None])
    return Favourites(added, sum(int(row[1]) for row in rows))


def terms(session: Session, seller_id: str, period: Period, limit: int) -> list[tuple[str, int]]:
    """Common words by whose search listings were opened, and how often; most frequent first."""
    clicks = func.sum(TermDay.clicks)
    rows = session.execute(
        select(KnownTerm.words, clicks)
        .join(TermDay, TermDay.term_key == KnownTerm.term_key)
        .join(Listing, Listing.id == TermDay.listing_id)
        .where(Listing.seller_id == seller_id, TermDay.day >= period.first)
        .group_by(KnownTerm.words)
        .order_by(clicks.desc(), KnownTerm.words)
        .limit(limit)
    )
    return [(words, int(many)) for words, many in rows]


def measured(session: Session, seller_id: str) -> list[Measured]:
    """Every public consistency report of the seller's listings, oldest first."""
    share = ConsistencyReport.summary["adherence"]["value"].as_float()
    rows = session.execute(
        select(_day(ConsistencyReport.created_at), ListingVersion.listing_id, share)
        .join(ListingVersion, ListingVersion.id == ConsistencyReport.version_id)
        .join(Listing, Listing.id == ListingVersion.listing_id)
        .where(
            Listing.seller_id == seller_id,
            ConsistencyReport.purpose == Purpose.PUBLIC,
            ConsistencyReport.state == ReportState.COMPLETED,
            share.is_not(None),
        )
        .order_by(ConsistencyReport.created_at, ConsistencyReport.id)
    )
    return [Measured(day, listing_id, round(100 * value)) for day, listing_id, value in rows]


def _day(moment: QueryableAttribute[Any]) -> ColumnElement[date]:
    return func.timezone("UTC", moment).cast(Date).label("day")


def _by_day(rows: Sequence[Row[Any, Any]]) -> ByDay:
    return {row[0]: int(row[1]) for row in rows}
