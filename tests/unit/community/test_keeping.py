"""Favourites, follows and collections."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from marketplace.community import collecting, favourites
from marketplace.core.container import Services
from marketplace.core.errors import ConflictError, InvalidError, NotFoundError
from tests.factories.accounts import make_seller, make_user
from tests.factories.listings import make_draft
from tests.unit.community.conftest import FILLED, Street


def test_a_favourite_is_kept_once_and_dropped(session: Session, street: Street) -> None:
    for listing in (street.listing, street.other, street.listing):
        favourites.keep(session, street.stranger.id, listing.id)
    assert set(favourites.favourites_of(session, street.stranger.id, 10)) == {
        street.listing.id,
        street.other.id,
    }
    favourites.keep(session, street.buyer.id, street.listing.id)
    counts = favourites.times_kept(session, [street.listing.id, street.other.id])
    assert counts == {street.listing.id: 2, street.other.id: 1}
    for _ in range(2):
        favourites.drop(session, street.stranger.id, street.listing.id)
    assert favourites.kept_ids(session, street.stranger.id) == {street.other.id}


def test_what_was_never_public_cannot_be_kept(
    session: Session, services: Services, street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = make_draft(session, services, street.seller)
    for listing_id in (draft.id, "0000000000000", "x"):
        with pytest.raises(NotFoundError):
            favourites.keep(session, street.buyer.id, listing_id)
    monkeypatch.setattr(favourites, "MAX_FAVOURITES", 1)
    favourites.keep(session, street.buyer.id, street.listing.id)
    favourites.keep(session, street.buyer.id, street.listing.id)
    with pytest.raises(ConflictError, match="favourites"):
        favourites.keep(session, street.buyer.id, street.other.id)


def test_following(session: Session, street: Street) -> None:
    seller_id = street.seller.user_id
    other = make_seller(session, name="Anna")
    for followed in (seller_id, seller_id, other.user_id):
        favourites.follow(session, street.buyer.id, followed)
    names = [seller.display_name for seller in favourites.followed(session, street.buyer.id)]
    assert names == ["Anna", "Mira Holm"]
    assert favourites.followers(session, seller_id) == 1
    assert favourites.wants_digest(session, street.buyer.id)
    favourites.want_digest(session, street.buyer.id, False)
    favourites.unfollow(session, street.buyer.id, seller_id)
    favourites.follow(session, street.buyer.id, seller_id)
    session.expire_all()
    assert not favourites.wants_digest(session, street.buyer.id), "switched off stays off"
    with pytest.raises(InvalidError, match="yourself"):
        favourites.follow(session, seller_id, seller_id)
    with pytest.raises(NotFoundError):
        favourites.follow(session, street.buyer.id, street.buyer.id)


def test_a_collection_has_an_address_of_its_own(
    session: Session, services: Services, street: Street
) -> None:
    def begin(owner_id: str, name: str, public: bool = True) -> collecting.Collection:
        return collecting.create(session, services, owner_id, name, "", public)

    sellers = begin(street.seller.user_id, "Winter light")
    twin = begin(street.seller.user_id, " Winter   light ")
    private = begin(street.buyer.id, "Winter light", public=False)
    assert collecting.address_parts(sellers) == ("mira-holm", "winter-light")
    assert collecting.address_parts(twin) == ("mira-holm", "winter-light-2")
    assert collecting.address_parts(private) == (private.id, "winter-light")
    found = collecting.at_address(session, "mira-holm", "winter-light-2", None)
    assert found is twin
    for owner, slug in ((private.id, "winter-light"), ("mira-holm", "x"), ("é", "\x00")):
        with pytest.raises(NotFoundError):
            collecting.at_address(session, owner, slug, street.stranger.id)
    assert collecting.at_address(session, private.id, "winter-light", street.buyer.id) is private
    with pytest.raises(NotFoundError):
        collecting.own_collection(session, street.stranger.id, private.id)
    collecting.change(session, services, private, "Snow", "Cold ones", True)
    assert collecting.at_address(session, private.id, "snow", None) is private


def test_what_is_in_a_collection(
    session: Session, services: Services, street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = collecting.create(session, services, street.buyer.id, "Mine", "", False)
    for listing in (street.listing, street.other, street.listing):
        collecting.put_in(session, mine, listing.id)
    assert set(collecting.items_of(session, mine.id)) == {street.listing.id, street.other.id}
    assert collecting.holding(session, street.buyer.id, street.other.id) == {mine.id}
    assert collecting.collections_of(session, street.buyer.id) == [(mine, 2)]
    collecting.take_out(session, mine, street.other.id)
    monkeypatch.setattr(collecting, "MAX_ITEMS", 1)
    with pytest.raises(ConflictError, match="at most 1"):
        collecting.put_in(session, mine, street.other.id)
    collecting.delete_collection(session, mine)
    assert collecting.collections_of(session, street.buyer.id) == []
    assert session.get(type(street.listing), street.listing.id) is not None


def test_names_may_not_give_a_prompt_away(
    session: Session, services: Services, street: Street
) -> None:
    for name, about in ((FILLED, ""), ("Velvet paper-cut", FILLED[16:]), ("", ""), ("x" * 61, "")):
        with pytest.raises(InvalidError):
            collecting.create(session, services, street.buyer.id, name, about, True)
    # Who does not own it cannot find it out by trying.
    collecting.create(session, services, make_user(session).id, FILLED, "", True)
