"""What is found, in which order, and at what cost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.core.errors import NotFoundError
from marketplace.core.ids import new_id
from marketplace.discovery import queries
from marketplace.discovery.presenters import card, cards
from marketplace.discovery.shelving import Shelved, shelved
from marketplace.listings import operations
from marketplace.verification.states import Verdict
from tests.factories.shop import make_on_sale
from tests.unit.discovery.conftest import Shop


def ids(found: list[Shelved]) -> list[str]:
    return [item.listing_id for item in found]


def test_the_newest_come_first_and_only_live_ones(session: Session, shop: Shop) -> None:
    expected = [shop.fox.id, shop.castle.id, shop.harbour.id, shop.badge.id]
    assert ids(queries.latest(session, 9)) == expected
    assert ids(queries.latest(session, 3)) == expected[:3]


def test_listings_are_shelved_in_the_order_asked_for_and_only_while_they_are_live(
    session: Session, shop: Shop
) -> None:
    wanted = [shop.badge.id, shop.unseen.id, shop.fox.id, new_id()]
    assert ids(shelved(session, wanted)) == [shop.badge.id, shop.fox.id]
    operations.withdraw(session, shop.fox, shop.mira.user_id)
    assert ids(shelved(session, wanted)) == [shop.badge.id]


def test_a_seller_shows_only_their_own_live_listings(session: Session, shop: Shop) -> None:
    page = queries.of_seller(session, shop.tide.user_id, 1)
    assert ids(list(page.items)) == [shop.harbour.id, shop.badge.id]
    assert page.total == 2


def test_a_listing_that_is_not_live_is_there_for_its_seller_alone(
    session: Session, shop: Shop
) -> None:
    found, version = queries.listing_for(session, shop.unseen.id, shop.mira.user_id)
    assert (found.id, version.id) == (shop.unseen.id, shop.unseen.version_id)
    for viewer in (None, shop.tide.user_id, new_id()):
        with pytest.raises(NotFoundError):
            queries.listing_for(session, shop.unseen.id, viewer)


def test_the_home_page_shows_a_reproduced_sample_of_a_listing_on_sale(
    session: Session, services: Services, shop: Shop
) -> None:
    make_on_sale(
        session,
        services,
        shop.mira,
        title="Approved by a person",
        distances=(50, 50, 50),
        verdict=Verdict.INCONCLUSIVE,
    )
    found = queries.latest_proof(session)
    assert found is not None
    listing, check = found
    assert (listing.id, check.pdq_distance) == (shop.fox.id, 0)


def test_a_card_says_reproduced_only_of_a_reproduced_listing(
    session: Session, services: Services, shop: Shop
) -> None:
    listing = make_on_sale(
        session, services, shop.mira, distances=(50, 50, 50), verdict=Verdict.INCONCLUSIVE
    )
    by_id = {item.listing_id: card(item) for item in queries.latest(session, 9)}
    assert not by_id[listing.id].reproduced
    assert by_id[shop.fox.id].reproduced
    assert by_id[shop.fox.id].path == f"paper-cut-foxes-{shop.fox.id}"
    assert by_id[shop.fox.id].seller_handle == "mira-holm"


@contextmanager
def counted(session: Session) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(*args: object) -> None:
        statements.append(str(args[2]))

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_more_cards_cost_no_more_queries(session: Session, services: Services, shop: Shop) -> None:
    def cost() -> int:
        session.expire_all()
        session.expunge_all()
        with counted(session) as statements:
            cards(queries.latest(session, 24))
        return len(statements)

    before = cost()
    seller = session.merge(shop.tide)
    for number in range(3):
        make_on_sale(session, services, seller, title=f"One more of them {number}")
    assert cost() == before == 2


def test_shelving_nothing_is_empty(session: Session) -> None:
    assert shelved(session, []) == []
