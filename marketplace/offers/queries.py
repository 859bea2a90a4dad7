"""Reads about what is offered below the listed price."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Row, func, lateral, or_, select, true
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.sql.selectable import LateralFromClause

from marketplace.core.columns import this_moment
from marketplace.core.errors import NotFoundError
from marketplace.core.ids import is_id
from marketplace.listings.models import Listing
from marketplace.listings.states import ListingState
from marketplace.offers.models import (
    DiscountCode,
    DiscountCodeListing,
    ReferralLink,
    TimedSale,
    TimedSaleListing,
)
from marketplace.offers.pricing import Reduction
from marketplace.offers.states import OPEN

Offer = TypeVar("Offer", TimedSale, DiscountCode)


@dataclass(frozen=True)
class RunningSale:
    """What a listing costs by the best of the sales that it is in now."""

    sale_id: str
    list_cents: int
    price_cents: int
    ends_at: datetime


def best_sale() -> LateralFromClause:
    """For a query of listings: the best sale that each is in now, to be outer-joined on true.

    By the clock, not by the state that the sweep writes: a sale ends at its second. Columns:
    sale_id, percent, off_cents, ends_at; ``sale_of`` reads them.
    """
    named = (
        select(TimedSaleListing.listing_id)
        .where(TimedSaleListing.sale_id == TimedSale.id, TimedSaleListing.listing_id == Listing.id)
        .correlate(TimedSale, Listing)
        .exists()
    )
    moment = this_moment()
    # As pricing.Reduction has it; the floor does not change which is the lowest.
    off = func.coalesce((Listing.price_cents * TimedSale.percent + 50) / 100, TimedSale.off_cents)
    return lateral(
        select(
            TimedSale.id.label("sale_id"),
            TimedSale.percent,
            TimedSale.off_cents,
            TimedSale.ends_at,
        )
        .where(
            TimedSale.seller_id == Listing.seller_id,
            TimedSale.state.in_(OPEN),
            TimedSale.starts_at <= moment,
            TimedSale.ends_at > moment,
            or_(TimedSale.all_listings, named),
        )
        .correlate(Listing)
        .order_by(off.desc(), TimedSale.ends_at.desc(), TimedSale.id)
        .limit(1),
        name="sale",
    )


def sale_of(row: Row[*tuple[Any, ...]]) -> RunningSale | None:
    """The sale in a row of listings with price_cents and the columns of ``best_sale``."""
    if row.sale_id is None:
        return None
    price = Reduction(row.percent, row.off_cents).price(row.price_cents)
    if price >= row.price_cents:
        return None
    return RunningSale(row.sale_id, row.price_cents, price, row.ends_at)


def running_sales(session: Session, listing_ids: Sequence[str]) -> dict[str, RunningSale]:
    """The best running sale by listing, for those that are in any; one small query."""
    sale = best_sale()
    rows = session.execute(
        select(Listing.id, Listing.price_cents, *sale.c)
        .join(sale, true())
        .where(Listing.id.in_(listing_ids))
    )
    found = {row.id: sale_of(row) for row in rows}
    return {listing_id: one for listing_id, one in found.items() if one is not None}


def current_prices(session: Session, listings: Iterable[Listing]) -> dict[str, int]:
    """What each listing costs anyone now, in cents, by id: its sale's price where it is in one."""
    found = {listing.id: listing.price_cents for listing in listings}
    sales = running_sales(session, list(found))
    return found | {listing_id: sale.price_cents for listing_id, sale in sales.items()}


def sales_of(session: Session, seller_id: str) -> list[TimedSale]:
    """A seller's sales with the listings they name, newest first."""
    return list(
        session.scalars(
            select(TimedSale)
            .where(TimedSale.seller_id == seller_id)
            .options(selectinload(TimedSale.chosen).selectinload(TimedSaleListing.listing))
            .order_by(TimedSale.created_at.desc(), TimedSale.id)
        )
    )


def codes_of(session: Session, seller_id: str) -> list[DiscountCode]:
    """A seller's codes with the listings they name, newest first."""
    return list(
        session.scalars(
            select(DiscountCode)
            .where(DiscountCode.seller_id == seller_id)
            .options(selectinload(DiscountCode.chosen).selectinload(DiscountCodeListing.listing))
            .order_by(DiscountCode.created_at.desc(), DiscountCode.id)
        )
    )


def own_sale(session: Session, seller_id: str, sale_id: str) -> TimedSale:
    """A seller's own sale, held. Raises NotFoundError, also when it is someone else's."""
    return _own(session, TimedSale, seller_id, sale_id)


def own_code(session: Session, seller_id: str, code_id: str) -> DiscountCode:
    """A seller's own code, held. Raises NotFoundError, also when it is someone else's."""
    return _own(session, DiscountCode, seller_id, code_id)


def _own(session: Session, kind: type[Offer], seller_id: str, offer_id: str) -> Offer:
    found = session.scalar(
        select(kind)
        .where(kind.id == offer_id, kind.seller_id == seller_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFoundError
    return found


def codes_named(
    session: Session, folded: Iterable[str], seller_ids: Iterable[str], hold: bool = False
) -> Mapping[str, list[DiscountCode]]:
    """Codes of these sellers by what they are compared as.

    Args:
        hold: lock them, in the order of their ids, until the transaction ends: whoever counts
            their uses then counts alone.
    """
    query = (
        select(DiscountCode)
        .where(DiscountCode.code.in_(set(folded)), DiscountCode.seller_id.in_(set(seller_ids)))
        .options(selectinload(DiscountCode.chosen))
        .order_by(DiscountCode.id)
    )
    if hold:
        query = query.with_for_update(key_share=True, of=DiscountCode)
        query = query.execution_options(populate_existing=True)
    found: dict[str, list[DiscountCode]] = {}
    for code in session.scalars(query):
        found.setdefault(code.code, []).append(code)
    return found


def on_sale_of(session: Session, seller_id: str) -> list[Listing]:
    """A seller's live listings by title."""
    return list(
        session.scalars(
            select(Listing)
            .where(Listing.seller_id == seller_id, Listing.state == ListingState.LIVE)
            .order_by(Listing.title, Listing.id)
        )
    )


def link_of(session: Session, seller_id: str) -> ReferralLink | None:
    """A seller's link, if they have made one."""
    return session.get(ReferralLink, seller_id)


def seller_of_link(session: Session, token: str) -> str | None:
    """Whose link it is; None for one that leads nowhere."""
    if not is_id(token):
        return None
    return session.scalar(select(ReferralLink.seller_id).where(ReferralLink.token == token))
