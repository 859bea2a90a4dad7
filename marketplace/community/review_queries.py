"""Reads of reviews: pages by place, sums, and what people see in their own lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import Session, joinedload

from marketplace.accounts.models import User
from marketplace.community.models import ListingRating, Review
from marketplace.core.ids import is_id
from marketplace.listings.models import Listing
from marketplace.orders.models import Entitlement
from marketplace.orders.states import EntitlementState

PAGE_SIZE = 10


class ReviewSort(StrEnum):
    """Orders of reviews."""

    NEWEST = "newest"
    HIGHEST = "highest"
    LOWEST = "lowest"


@dataclass(frozen=True)
class Rating:
    """What all shown reviews say together; `counts` is by stars, 5 first."""

    ratings: int
    stars: int
    counts: tuple[tuple[int, int], ...] = ()

    @property
    def mean(self) -> float | None:
        """Mean of the stars; None without any."""
        return self.stars / self.ratings if self.ratings else None


@dataclass(frozen=True)
class ShownReview:
    """A review as anyone may read it."""

    id: str
    rating: int
    text: str
    picture: list[dict[str, Any]]
    author: str
    written_at: datetime
    edited: bool
    refunded: bool
    reply: str | None
    replied_at: datetime | None


@dataclass(frozen=True)
class ReviewPage:
    """Some reviews, and the place behind the last of them where more follow."""

    reviews: list[ShownReview]
    after: str | None


def reviews_of_listing(
    session: Session,
    listing_id: str,
    sort: ReviewSort = ReviewSort.NEWEST,
    after: str = "",
    size: int = PAGE_SIZE,
) -> ReviewPage:
    """A page of a listing's shown reviews, from behind a place on; an unreadable place is none."""
    query = _with_author().where(Review.listing_id == listing_id, Review.hidden_at.is_(None))
    place = _read_place(after)
    if place is not None:
        query = query.where(_behind(sort, place))
    rows = session.execute(query.order_by(*_order(sort)).limit(size + 1)).all()
    shown = rows[:size]
    more = len(rows) > size
    return ReviewPage([_shown(*row) for row in shown], _place(shown[-1][0]) if more else None)


def _with_author() -> Select[Review, str, EntitlementState | None]:
    return (
        select(Review, User.display_name, Entitlement.state)
        .join(User, User.id == Review.author_id)
        .outerjoin(Entitlement, Entitlement.line_id == Review.line_id)
    )


def _shown(review: Review, author: str, state: EntitlementState | None) -> ShownReview:
    return ShownReview(
        id=review.id,
        rating=review.rating,
        text=review.text,
        picture=review.picture or [],
        author=author,
        written_at=review.created_at,
        edited=review.edited_at is not None,
        # Read from the purchase itself: should the refund fail, the mark goes with it.
        refunded=state is EntitlementState.REVOKED,
        reply=review.reply,
        replied_at=review.replied_at,
    )


def _order(sort: ReviewSort) -> list[ColumnElement[Any]]:
    first = {
        ReviewSort.NEWEST: [],
        ReviewSort.HIGHEST: [Review.rating.desc()],
        ReviewSort.LOWEST: [Review.rating.asc()],
    }
    return [*first[sort], Review.created_at.desc(), Review.id.desc()]


def _behind(sort: ReviewSort, place: tuple[int, datetime, str]) -> ColumnElement[bool]:
    rating, moment, identifier = place
    older = tuple_(Review.created_at, Review.id) < tuple_(
        literal(moment, Review.created_at.type), literal(identifier)
    )
    if sort is ReviewSort.NEWEST:
        return older
    other = Review.rating < rating if sort is ReviewSort.HIGHEST else Review.rating > rating
    return or_(other, and_(Review.rating == rating, older))


def _place(review: Review) -> str:
    return f"{review.rating}~{review.created_at.isoformat()}~{review.id}"


def _read_place(text: str) -> tuple[int, datetime, str] | None:
    stars, _, rest = text.partition("~")
    moment, _, identifier = rest.partition("~")
    if stars not in {"1", "2", "3", "4", "5"} or not is_id(identifier):
        return None
    try:
        # In an address a plus sign reads as a space.
        at = datetime.fromisoformat(moment.replace(" ", "+"))
    except ValueError:
        return None
    return (int(stars), at, identifier) if at.tzinfo is not None else None


def rating_of(session: Session, listing_id: str) -> Rating:
    """A listing's rating with the number of each."""
    row = session.get(ListingRating, listing_id)
    if row is None:
        return Rating(0, 0, tuple((stars, 0) for stars in range(5, 0, -1)))
    counts = ((5, row.five), (4, row.four), (3, row.three), (2, row.two), (1, row.one))
    return Rating(row.ratings, row.stars, counts)


def ratings_of(session: Session, listing_ids: Sequence[str]) -> dict[str, Rating]:
    """Ratings of listings that have any, in one query for a whole shelf."""
    rows = session.execute(_rated(), {"listing_ids": list(listing_ids)})
    return {row.listing_id: Rating(row.ratings, row.stars) for row in rows}


@cache
def _rated() -> Select[str, int, int]:
    return select(ListingRating.listing_id, ListingRating.ratings, ListingRating.stars).where(
        ListingRating.listing_id.in_(bindparam("listing_ids", expanding=True)),
        ListingRating.ratings > 0,
    )


def rating_of_seller(session: Session, seller_id: str) -> Rating:
    """All ratings of a seller's listings together."""
    row = session.execute(
        select(
            func.coalesce(func.sum(ListingRating.ratings), 0),
            func.coalesce(func.sum(ListingRating.stars), 0),
        )
        .join(Listing, Listing.id == ListingRating.listing_id)
        .where(Listing.seller_id == seller_id)
    ).one()
    return Rating(int(row[0]), int(row[1]))


def reviews_for_seller(
    session: Session, seller_id: str, size: int, offset: int = 0
) -> list[tuple[Review, ShownReview]]:
    """Reviews of a seller's listings, the unanswered first, then the newest."""
    rows = session.execute(
        _with_author()
        .where(Review.seller_id == seller_id, Review.hidden_at.is_(None))
        .options(joinedload(Review.listing))
        .order_by(Review.reply.is_not(None), Review.created_at.desc(), Review.id.desc())
        .limit(size)
        .offset(offset)
    ).all()
    return [(row[0], _shown(*row)) for row in rows]


def newest_reviews(
    session: Session, size: int, offset: int = 0
) -> list[tuple[Review, ShownReview]]:
    """All reviews for moderators, hidden ones too, newest first."""
    rows = session.execute(
        _with_author()
        .options(joinedload(Review.listing))
        .order_by(Review.created_at.desc(), Review.id.desc())
        .limit(size)
        .offset(offset)
    ).all()
    return [(row[0], _shown(*row)) for row in rows]


def written_by(session: Session, author_id: str, listing_id: str) -> Review | None:
    """What somebody said about a listing last, if anything."""
    return session.scalar(
        select(Review)
        .where(Review.author_id == author_id, Review.listing_id == listing_id)
        .order_by(Review.created_at.desc())
        .limit(1)
    )
