"""What other features' pages show of this one: discovery lies below and asks through templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from flask import Flask, g, session
from flask_login import user_logged_in
from flask_security import current_user

from marketplace.community import collecting, favourites
from marketplace.community.models import Collection, Review
from marketplace.community.review_queries import (
    Rating,
    ReviewPage,
    rating_of,
    rating_of_seller,
    ratings_of,
    reviews_of_listing,
    written_by,
)
from marketplace.core.errors import DomainError
from marketplace.core.ids import is_id
from marketplace.core.web.guards import signed_in
from marketplace.core.web.page_keeping import kept_values
from marketplace.core.web.request_scope import db
from marketplace.discovery.presenters import ListingCard

FIRST_REVIEWS = 4
WAITING = "favourite"
"""In a stranger's session: the listing that becomes a favourite when they log in."""


@dataclass(frozen=True)
class ReviewsPanel:
    """A listing's rating, its newest reviews, and what the viewer has said."""

    rating: Rating
    page: ReviewPage
    own: Review | None

    @property
    def structured(self) -> dict[str, Any]:
        """The rating in schema.org's words, for the product; empty without one."""
        if self.rating.mean is None:
            return {}
        return {
            "aggregateRating": {
                "@type": "AggregateRating",
                "ratingValue": round(self.rating.mean, 2),
                "reviewCount": self.rating.ratings,
                "bestRating": 5,
                "worstRating": 1,
            }
        }


def reviews_panel(listing_id: str) -> ReviewsPanel:
    """For a listing's page."""
    rating = rating_of(db(), listing_id)
    return ReviewsPanel(
        rating,
        # Most listings have none: then there is nothing to ask for.
        reviews_of_listing(db(), listing_id, size=FIRST_REVIEWS)
        if rating.ratings
        else ReviewPage([], None),
        written_by(db(), current_user.id, listing_id) if signed_in() else None,
    )


def listing_id_of(card: ListingCard) -> str:
    """The id at the end of a card's path."""
    return card.path.rpartition("-")[2]


@dataclass(frozen=True)
class _KeptRating:
    """A listing's rating as it is kept: that there is none is kept as well."""

    rating: Rating | None


def ratings_on(cards: Sequence[ListingCard]) -> Mapping[str, Rating]:
    """Ratings of a whole shelf by path, in one query at most."""
    kept = kept_values()
    found: dict[str, Rating | None] = {}
    missing = {}
    for card in cards:
        known = kept.get(("rating", card.path)) if kept is not None else None
        if known is None:
            missing[listing_id_of(card)] = card.path
        else:
            found[card.path] = known.rating
    if missing:
        change = kept.change if kept is not None else 0
        rated = ratings_of(db(), list(missing))
        for listing_id, path in missing.items():
            found[path] = rated.get(listing_id)
            if kept is not None:
                kept.put(("rating", path), _KeptRating(found[path]), change)
    return {path: rating for path, rating in found.items() if rating is not None}


def seller_rating(seller_id: str) -> Rating:
    """All ratings of a seller together."""
    return rating_of_seller(db(), seller_id)


def is_favourite(path: str) -> bool | None:
    """Whether the viewer keeps the listing of a path; None for strangers. One query per page."""
    if not signed_in():
        return None
    if "favourites" not in g:
        g.favourites = favourites.kept_ids(db(), current_user.id)
    return path.rpartition("-")[2] in cast(frozenset[str], g.favourites)


def is_following(seller_id: str) -> bool | None:
    """Whether the viewer follows a seller; None for strangers."""
    if not signed_in():
        return None
    return seller_id in favourites.followed_ids(db(), current_user.id)


def own_collections(listing_id: str) -> list[tuple[Collection, bool]]:
    """The viewer's collections, each with whether it holds the listing."""
    if not signed_in():
        return []
    holding = collecting.holding(db(), current_user.id, listing_id)
    found = collecting.collections_of(db(), current_user.id)
    return [(collection, collection.id in holding) for collection, _ in found]


def times_favourite(listing_id: str) -> int:
    """For the listing's seller: how many people keep it."""
    return favourites.times_kept(db(), [listing_id]).get(listing_id, 0)


def remember_favourite(listing_id: str) -> None:
    """Keep a stranger's wish until they have logged in."""
    session[WAITING] = listing_id


def init_community(app: Flask) -> None:
    """Let templates ask, and fulfil a stranger's wish at each log-in."""

    def fulfil(sender: Flask, user: object, **more: object) -> None:
        wish = session.pop(WAITING, None)
        if not (isinstance(wish, str) and is_id(wish)):
            return
        try:
            favourites.keep(db(), str(getattr(user, "id", "")), wish)
        except DomainError:
            return  # gone meanwhile, or too many: logging in matters more

    user_logged_in.connect(fulfil, app)
    app.extensions["bracket_favourite_wish"] = fulfil  # signals hold their listeners weakly
    app.jinja_env.globals.update(
        is_favourite=is_favourite,
        is_following=is_following,
        own_collections=own_collections,
        ratings_on=ratings_on,
        reviews_panel=reviews_panel,
        seller_rating=seller_rating,
        times_favourite=times_favourite,
    )
