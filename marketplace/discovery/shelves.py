"""The shelves: short rows of listings, each read in bounded time however large the shop is.

Every shelf starts from the newest listings, along the index of publication dates, so a new
listing stands as good a chance as one that has sold for years.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Subquery, case, func, literal, select, true, union_all
from sqlalchemy.orm import Session

from marketplace.discovery.on_sale import listings_on_sale, on_sale
from marketplace.discovery.queries import Shelved, shelve
from marketplace.listings.models import Category, Listing, ListingVersion
from marketplace.verification.consistency.models import ConsistencyReport
from marketplace.verification.consistency.states import Purpose, ReportState

RECENT = 300
"""How many of the newest listings compete for "most consistent"."""
CANDIDATES = 200
"""How many of the newest listings of a category compete for "related"."""


def most_consistent(session: Session, limit: int) -> list[Shelved]:
    """Of the newest RECENT listings, those whose own pictures follow their prompt best."""
    recent = (
        on_sale(select(Listing.id, Listing.live_version_id))
        .order_by(Listing.published_at.desc())
        .limit(RECENT)
        .subquery()
    )
    report = (
        select(ConsistencyReport.summary["adherence"]["value"].as_float().label("score"))
        .where(
            ConsistencyReport.version_id == recent.c.live_version_id,
            ConsistencyReport.purpose == Purpose.PUBLIC,
            ConsistencyReport.state == ReportState.COMPLETED,
        )
        .order_by(ConsistencyReport.created_at.desc())
        .limit(1)
        .lateral()
    )
    best = (
        select(recent.c.id)
        .join(report, true())
        .where(report.c.score.is_not(None))
        .order_by(report.c.score.desc(), recent.c.id)
        .limit(limit)
    )
    return in_order(session, session.scalars(best).all())


def newest_of_each_category(session: Session) -> dict[str, Shelved]:
    """The newest live listing of every category that has one, by the category's slug."""
    newest = (
        on_sale(select(Listing.id))
        .where(Listing.category_slug == Category.slug)
        .order_by(Listing.published_at.desc())
        .limit(1)
        .correlate(Category)
        .lateral()
    )
    query = listings_on_sale().where(
        Listing.id.in_(select(newest.c.id).select_from(Category).join(newest, true()))
    )
    found = shelve(session, session.scalars(query).all())
    return {item.listing.category_slug: item for item in found}


def newest_in_category(session: Session, slug: str, limit: int) -> list[Shelved]:
    """The newest listings of one category."""
    query = listings_on_sale().where(Listing.category_slug == slug)
    return shelve(session, session.scalars(query.order_by(*_NEWEST).limit(limit)).all())


def newest_on_model(session: Session, slug: str, limit: int) -> list[Shelved]:
    """The newest listings for one target model."""
    query = listings_on_sale().where(ListingVersion.target_model_slug == slug)
    return shelve(session, session.scalars(query.order_by(*_NEWEST).limit(limit)).all())


def related(session: Session, listing: Listing, limit: int) -> list[Shelved]:
    """Other live listings: of its category first, there those that share a tag, then the newest."""
    own = _newest_ids(Listing.category_slug == listing.category_slug, CANDIDATES)
    anywhere = _newest_ids(true(), limit + 1)
    place = case((own.c.tags.overlap(list(listing.tags)), 0), else_=1).label("place")
    near = union_all(
        select(own.c.id, own.c.published_at, place),
        select(anywhere.c.id, anywhere.c.published_at, literal(2)),
    ).subquery()
    chosen = (
        select(near.c.id)
        .where(near.c.id != listing.id)
        .group_by(near.c.id)
        .order_by(func.min(near.c.place), func.max(near.c.published_at).desc(), near.c.id)
        .limit(limit)
    )
    return in_order(session, session.scalars(chosen).all())


def _newest_ids(condition: ColumnElement[bool], limit: int) -> Subquery:
    query = on_sale(select(Listing.id, Listing.published_at, Listing.tags)).where(condition)
    return query.order_by(*_NEWEST).limit(limit).subquery()


def newest_of_sellers(session: Session, seller_ids: Sequence[str], limit: int) -> list[Shelved]:
    """The newest listings of some sellers."""
    query = listings_on_sale().where(Listing.seller_id.in_(seller_ids))
    return shelve(session, session.scalars(query.order_by(*_NEWEST).limit(limit)).all())


def in_order(session: Session, listing_ids: Sequence[str]) -> list[Shelved]:
    """Those of the listings that are on sale, in the order asked for."""
    query = listings_on_sale().where(Listing.id.in_(listing_ids))
    found = {item.listing.id: item for item in shelve(session, session.scalars(query).all())}
    return [found[listing_id] for listing_id in listing_ids if listing_id in found]


# The id makes the order total.
_NEWEST = (Listing.published_at.desc(), Listing.id.asc())
