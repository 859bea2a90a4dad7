"""The shelves: short rows of listings, each read in bounded time however large the shop is.

Every shelf starts from the newest listings, along the index of publication dates, so a new
listing stands as good a chance as one that has sold for years.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Subquery, literal, select, true, union_all
from sqlalchemy.orm import Session

from marketplace.core.web.page_keeping import kept_for_all
from marketplace.discovery.on_sale import on_sale
from marketplace.discovery.shelving import Shelved, shelve, shelved
from marketplace.listings.models import Category, Listing, ListingVersion
from marketplace.moderation.decisions.queries import off_shelves
from marketplace.search.models import SearchDocument

RECENT = 300
"""How many of the newest listings compete for "most consistent"."""
CANDIDATES = 100
"""How many of the newest listings of a category compete for "related"."""


def most_consistent(session: Session, limit: int) -> list[Shelved]:
    """Of the newest RECENT listings, those whose own pictures follow their prompt best.

    By what search knows of them: a report's summary is a long value, and opening three hundred of
    them took half of the home page's time.
    """
    recent = (
        select(SearchDocument.listing_id, SearchDocument.consistency)
        .where(SearchDocument.listing_id.not_in(off_shelves()))
        .order_by(SearchDocument.published_at.desc(), SearchDocument.listing_id.desc())
        .limit(RECENT)
        .subquery()
    )
    best = (
        select(recent.c.listing_id)
        .where(recent.c.consistency.is_not(None))
        .order_by(recent.c.consistency.desc(), recent.c.listing_id)
        .limit(limit)
    )
    return shelve(session, best)


def newest_of_each_category(session: Session) -> dict[str, Shelved]:
    """The newest live listing of every category that has one, by the category's slug."""
    newest = (
        on_sale(select(Listing.id))
        .where(Listing.category_slug == Category.slug, Listing.id.not_in(off_shelves()))
        .order_by(Listing.published_at.desc())
        .limit(1)
        .correlate(Category)
        .lateral()
    )
    found = shelve(session, select(newest.c.id).select_from(Category).join(newest, true()))
    return {item.category_slug: item for item in found}


def newest_in_category(session: Session, slug: str, limit: int) -> list[Shelved]:
    """The newest listings of one category."""
    query = on_sale(select(Listing.id)).where(Listing.category_slug == slug)
    return shelve(session, query.order_by(*_NEWEST).limit(limit))


def newest_on_model(session: Session, slug: str, limit: int) -> list[Shelved]:
    """The newest listings for one target model."""
    query = on_sale(select(Listing.id)).where(ListingVersion.target_model_slug == slug)
    return shelve(session, query.order_by(*_NEWEST).limit(limit))


def related(session: Session, listing: Listing, limit: int) -> list[Shelved]:
    """Other live listings: of its category first, there those that share a tag, then the newest."""
    slug = listing.category_slug
    near = kept_for_all(("near", slug, limit), _near, session, slug, limit)
    tags = set(listing.tags)
    # Stable: within each group they stay in the order in which they came.
    near = sorted(near, key=lambda one: 2 if not one.own else 0 if tags & one.tags else 1)
    ids = dict.fromkeys(one.listing_id for one in near)
    ids.pop(listing.id, None)
    return shelved(session, list(ids)[:limit])


@dataclass(frozen=True)
class _Near:
    """A listing that may be shown beside another."""

    listing_id: str
    tags: frozenset[str]
    own: bool
    """Of the same category."""


def _near(session: Session, category_slug: str, limit: int) -> list[_Near]:
    """The newest of a category and as many as may be needed of the whole shop, the newest first."""
    own = _newest_ids(SearchDocument.category_slug == category_slug, CANDIDATES)
    anywhere = _newest_ids(true(), limit + 1)
    both = union_all(
        select(own.c.id, own.c.published_at, literal(True).label("own")),
        select(anywhere.c.id, anywhere.c.published_at, literal(False)),
    ).subquery()
    rows = session.execute(
        select(both.c.id, both.c.own, Listing.tags)
        .join(Listing, Listing.id == both.c.id)
        .order_by(both.c.published_at.desc(), both.c.id)
    )
    return [_Near(row.id, frozenset(row.tags), row.own) for row in rows]


def _newest_ids(condition: ColumnElement[bool], limit: int) -> Subquery:
    """From what search knows, where a listing's category and date stand in one row."""
    query = select(SearchDocument.listing_id.label("id"), SearchDocument.published_at)
    newest = (SearchDocument.published_at.desc(), SearchDocument.listing_id.desc())
    return query.where(condition).order_by(*newest).limit(limit).subquery()


def newest_of_sellers(session: Session, seller_ids: Sequence[str], limit: int) -> list[Shelved]:
    """The newest listings of some sellers."""
    query = on_sale(select(Listing.id)).where(Listing.seller_id.in_(seller_ids))
    return shelve(session, query.order_by(*_NEWEST).limit(limit))


# The id makes the order total.
_NEWEST = (Listing.published_at.desc(), Listing.id.asc())
