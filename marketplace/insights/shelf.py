"""A seller's listings as a table: state, price, and how each did in some days; two queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import QueryableAttribute, Session

from marketplace.core.web.pagination import Page
from marketplace.insights.models import ListingDay
from marketplace.insights.periods import Period
from marketplace.insights.tables import percent
from marketplace.listings.models import Listing
from marketplace.listings.states import ListingState
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.states import SOLD
from marketplace.verification.consistency.queries import newest_score

PAGE_SIZE = 50


class Sort(StrEnum):
    """Orders of the table; all but the newest go from the greatest down."""

    NEWEST = "newest"
    PRICE = "price"
    OPENED = "opened"
    SALES = "sales"
    CONVERSION = "conversion"
    CONSISTENCY = "consistency"


@dataclass(frozen=True)
class Wanted:
    """Which listings, and in which order."""

    state: ListingState | None = None
    sort: Sort = Sort.NEWEST


@dataclass(frozen=True)
class Row:
    """One listing; counts are of the period."""

    id: str
    title: str
    state: ListingState
    price_cents: int
    shown: int
    opened: int
    sales: int
    conversion: float | None
    """Percent."""
    consistency: int | None
    """Percent; of the version on sale."""

    @property
    def page(self) -> str:
        """The endpoint of its page."""
        return "sell.resume" if self.state is ListingState.DRAFT else "sell.listing"


def state_counts(session: Session, seller_id: str) -> dict[ListingState, int]:
    """How many listings a seller has in each state."""
    rows = session.execute(
        select(Listing.state, func.count())
        .where(Listing.seller_id == seller_id)
        .group_by(Listing.state)
    )
    return dict(rows.all())


def shelf(
    session: Session,
    seller_id: str,
    wanted: Wanted,
    period: Period,
    number: int,
    counts: dict[ListingState, int],
) -> Page[Row]:
    """A page of the table.

    Args:
        counts: what state_counts says: how many there are is known from it.
    """
    rows = session.execute(
        _table(seller_id, wanted, period).limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)
    )
    total = sum(counts.values()) if wanted.state is None else counts.get(wanted.state, 0)
    return Page([_row(row) for row in rows], number, PAGE_SIZE, total)


def ids_of(session: Session, seller_id: str, wanted: Wanted, most: int) -> Sequence[str]:
    """Ids of all listings of the table, the newest first, at most so many."""
    query = select(Listing.id).where(*_conditions(seller_id, wanted))
    return session.scalars(query.order_by(Listing.created_at.desc(), Listing.id).limit(most)).all()


def _conditions(seller_id: str, wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions = [Listing.seller_id == seller_id]
    return conditions if wanted.state is None else [*conditions, Listing.state == wanted.state]


def _table(seller_id: str, wanted: Wanted, period: Period) -> Select[*tuple[Any, ...]]:
    looks = (
        select(
            ListingDay.listing_id,
            func.sum(ListingDay.shown).label("shown"),
            func.sum(ListingDay.opened).label("opened"),
        )
        .join(Listing, Listing.id == ListingDay.listing_id)
        .where(Listing.seller_id == seller_id, ListingDay.day >= period.first)
        .group_by(ListingDay.listing_id)
        .subquery()
    )
    sold = (
        select(OrderLine.listing_id, func.count().label("sales"))
        .join(OrderLine.order)
        .where(
            OrderLine.seller_id == seller_id, Order.state.in_(SOLD), Order.paid_at >= period.start
        )
        .group_by(OrderLine.listing_id)
        .subquery()
    )
    shown, opened = func.coalesce(looks.c.shown, 0), func.coalesce(looks.c.opened, 0)
    sales = func.coalesce(sold.c.sales, 0)
    score = newest_score(cast("QueryableAttribute[str]", Listing.live_version_id))
    rate = case((opened > 0, sales * 1.0 / opened))
    orders: dict[Sort, ColumnElement[Any]] = {
        Sort.NEWEST: Listing.created_at.desc(),
        Sort.PRICE: Listing.price_cents.desc(),
        Sort.OPENED: opened.desc(),
        Sort.SALES: sales.desc(),
        Sort.CONVERSION: rate.desc().nulls_last(),
        Sort.CONSISTENCY: score.desc().nulls_last(),
    }
    return (
        select(
            Listing.id,
            Listing.title,
            Listing.state,
            Listing.price_cents,
            shown.label("shown"),
            opened.label("opened"),
            sales.label("sales"),
            score.label("score"),
        )
        .select_from(Listing)
        .outerjoin(looks, looks.c.listing_id == Listing.id)
        .outerjoin(sold, sold.c.listing_id == Listing.id)
        .where(*_conditions(seller_id, wanted))
        .order_by(orders[wanted.sort], Listing.created_at.desc(), Listing.id)
    )


def _row(row: Any) -> Row:
    return Row(
        id=row.id,
        title=row.title,
        state=row.state,
        price_cents=row.price_cents,
        shown=int(row.shown),
        opened=int(row.opened),
        sales=int(row.sales),
        conversion=percent(int(row.sales), int(row.opened)),
        consistency=None if row.score is None else round(100 * row.score),
    )
