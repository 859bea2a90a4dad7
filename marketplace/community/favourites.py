"""Favourites and follows: what people keep for themselves. Nothing here commits."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.community.models import Favourite, Follow, FollowDigest
from marketplace.core.clock import now
from marketplace.core.errors import ConflictError, InvalidError, NotFoundError
from marketplace.core.ids import is_id
from marketplace.listings.models import Listing

MAX_FAVOURITES, MAX_FOLLOWS = 1000, 500


def keep(session: Session, user_id: str, listing_id: str) -> Listing:
    """Make a listing one of somebody's favourites; twice is once.

    Raises:
        NotFoundError: no such listing, or it never was public; ConflictError: too many.
    """
    listing = public_listing(session, listing_id)
    if listing_id not in kept_ids(session, user_id):
        if count_of(session, user_id) >= MAX_FAVOURITES:
            message = f"You have {MAX_FAVOURITES:,} favourites. Take some away first."
            raise ConflictError(message, "too_many")
        row = insert(Favourite).values(user_id=user_id, listing_id=listing_id)
        session.execute(row.on_conflict_do_nothing())
    return listing


def drop(session: Session, user_id: str, listing_id: str) -> None:
    """Take a listing from somebody's favourites, if it is there."""
    session.execute(
        delete(Favourite).where(Favourite.user_id == user_id, Favourite.listing_id == listing_id)
    )


def kept_ids(session: Session, user_id: str) -> frozenset[str]:
    """Ids of all of somebody's favourites."""
    return frozenset(
        session.scalars(select(Favourite.listing_id).where(Favourite.user_id == user_id))
    )


def favourites_of(session: Session, user_id: str, size: int, offset: int = 0) -> list[str]:
    """Ids of somebody's favourites, the latest first."""
    query = (
        select(Favourite.listing_id)
        .where(Favourite.user_id == user_id)
        .order_by(Favourite.created_at.desc(), Favourite.listing_id)
    )
    return list(session.scalars(query.limit(size).offset(offset)))


def count_of(session: Session, user_id: str) -> int:
    """How many favourites somebody has."""
    query = select(func.count()).select_from(Favourite).where(Favourite.user_id == user_id)
    return session.scalar(query) or 0


def times_kept(session: Session, listing_ids: Sequence[str]) -> dict[str, int]:
    """How often each listing is a favourite, for its seller: a number, never whose."""
    rows = session.execute(
        select(Favourite.listing_id, func.count())
        .where(Favourite.listing_id.in_(listing_ids))
        .group_by(Favourite.listing_id)
    )
    return dict(rows.all())


def public_listing(session: Session, listing_id: str) -> Listing:
    """A listing that is or once was on sale. Raises NotFoundError."""
    listing = session.get(Listing, listing_id) if is_id(listing_id) else None
    if listing is None or listing.published_at is None:
        raise NotFoundError
    return listing


def follow(session: Session, user_id: str, seller_id: str) -> None:
    """Follow a seller; the mail about what they bring out is on until it is switched off.

    Raises:
        NotFoundError: no such seller; InvalidError: oneself; ConflictError: too many.
    """
    if session.get(SellerProfile, seller_id) is None:
        raise NotFoundError
    if user_id == seller_id:
        raise InvalidError("You cannot follow yourself.", "oneself")
    if len(followed_ids(session, user_id)) >= MAX_FOLLOWS:
        raise ConflictError(f"You follow {MAX_FOLLOWS} sellers. Leave some first.", "too_many")
    row = insert(Follow).values(user_id=user_id, seller_id=seller_id)
    session.execute(row.on_conflict_do_nothing())
    digest = insert(FollowDigest).values(user_id=user_id, seen_until=now(), next_at=now())
    session.execute(digest.on_conflict_do_nothing())


def unfollow(session: Session, user_id: str, seller_id: str) -> None:
    """Follow a seller no longer."""
    session.execute(delete(Follow).where(Follow.user_id == user_id, Follow.seller_id == seller_id))


def followed_ids(session: Session, user_id: str) -> frozenset[str]:
    """Ids of the sellers that somebody follows."""
    return frozenset(session.scalars(select(Follow.seller_id).where(Follow.user_id == user_id)))


def followed(session: Session, user_id: str) -> list[SellerProfile]:
    """The sellers that somebody follows, by name."""
    query = (
        select(SellerProfile)
        .join(Follow, Follow.seller_id == SellerProfile.user_id)
        .where(Follow.user_id == user_id)
        .order_by(SellerProfile.display_name, SellerProfile.user_id)
    )
    return list(session.scalars(query))


def followers(session: Session, seller_id: str) -> int:
    """How many people follow a seller."""
    query = select(func.count()).select_from(Follow).where(Follow.seller_id == seller_id)
    return session.scalar(query) or 0


def want_digest(session: Session, user_id: str, wanted: bool) -> None:
    """Switch the mail about followed sellers on or off; once on, it begins with what comes."""
    values = {"wanted": wanted, "seen_until": now(), "next_at": now()}
    row = insert(FollowDigest).values(user_id=user_id, **values)
    session.execute(
        row.on_conflict_do_update(
            index_elements=[FollowDigest.user_id],
            set_=values,
            where=FollowDigest.wanted.is_distinct_from(wanted),
        )
    )


def wants_digest(session: Session, user_id: str) -> bool:
    """Whether somebody gets the mail about the sellers they follow."""
    row = session.get(FollowDigest, user_id)
    return row is not None and row.wanted
