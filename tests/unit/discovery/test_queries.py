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
from marketplace.discovery.filters import BrowseFilter, Sort
from marketplace.discovery.presenters import card, cards
from marketplace.discovery.queries import Shelved
from marketplace.listings import operations
from marketplace.listings.models import Listing
from marketplace.verification.states import Verdict
from tests.factories.shop import make_on_sale
from tests.unit.discovery.conftest import Shop


def ids(found: list[Shelved]) -> list[str]:
    return [item.listing.id for item in found]


def browsed(session: Session, wanted: BrowseFilter) -> list[str]:
    page = queries.browse(session, wanted, 1)
    assert page.total == len(page.items) == queries.count(session, wanted)
    return ids(list(page.items))


def test_only_live_listings_are_found_newest_first(session: Session, shop: Shop) -> None:
    expected = [shop.fox.id, shop.castle.id, shop.harbour.id, shop.badge.id]
    assert browsed(session, BrowseFilter()) == expected
    assert ids(queries.latest(session, 3)) == expected[:3]


def test_words_in_the_title_count_more_than_words_in_the_description(
    session: Session, shop: Shop
) -> None:
    wanted = BrowseFilter(q="foxes", sort=Sort.RELEVANCE)
    assert browsed(session, wanted) == [shop.fox.id, shop.harbour.id]


def test_every_word_must_match_and_tags_are_searched(session: Session, shop: Shop) -> None:
    assert browsed(session, BrowseFilter(q="dusk sea")) == [shop.harbour.id]
    assert browsed(session, BrowseFilter(q="dusk -sea")) == [shop.castle.id]


def test_odd_words_are_no_error(session: Session) -> None:
    for words in ("the", "'", "fox:* & !", "\\", "%", "<->", '"unclosed'):
        assert queries.browse(session, BrowseFilter(q=words, sort=Sort.RELEVANCE), 1).total == 0


def test_model_and_category_narrow_the_list(session: Session, shop: Shop) -> None:
    assert browsed(session, BrowseFilter(model="house-fast")) == [shop.badge.id]
    assert browsed(session, BrowseFilter(category="posters")) == [shop.fox.id, shop.castle.id]
    assert browsed(session, BrowseFilter(category="posters", model="house-fast")) == []


def test_prices_sort_both_ways_with_newer_first_among_equals(session: Session, shop: Shop) -> None:
    low = [shop.harbour.id, shop.fox.id, shop.badge.id, shop.castle.id]
    high = [shop.castle.id, shop.fox.id, shop.badge.id, shop.harbour.id]
    assert browsed(session, BrowseFilter(sort=Sort.PRICE_LOW)) == low
    assert browsed(session, BrowseFilter(sort=Sort.PRICE_HIGH)) == high


def test_pages_together_show_everything_once(
    session: Session, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "PAGE_SIZE", 3)
    pages = [queries.browse(session, BrowseFilter(), number) for number in (1, 2, 3)]
    assert [len(page.items) for page in pages] == [3, 1, 0]
    assert {page.total for page in pages} == {4}
    assert len({item.listing.id for page in pages for item in page.items}) == 4


def test_counts_ignore_their_own_filter_and_respect_the_others(
    session: Session, shop: Shop
) -> None:
    wanted = BrowseFilter(category="posters", model="house-full")
    assert queries.counts_by_category(session, wanted) == {"posters": 2, "wallpapers": 1}
    assert queries.counts_by_model(session, wanted) == {"house-full": 2}
    assert queries.counts_by_model(session, BrowseFilter()) == {"house-full": 3, "house-fast": 1}


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


def test_a_withdrawn_listing_leaves_every_shelf(session: Session, shop: Shop) -> None:
    operations.withdraw(session, shop.fox, shop.mira.user_id)
    assert shop.fox.id not in browsed(session, BrowseFilter())
    with pytest.raises(NotFoundError):
        queries.listing_for(session, shop.fox.id, None)


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
    by_id = {item.listing.id: card(item) for item in queries.latest(session, 9)}
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
            cards(queries.browse(session, BrowseFilter(), 1).items)
        return len(statements)

    before = cost()
    seller = session.merge(shop.tide)
    for number in range(3):
        make_on_sale(session, services, seller, title=f"One more of them {number}")
    assert cost() == before <= 5


def test_shelving_nothing_is_empty(session: Session) -> None:
    nothing: list[Listing] = []
    assert queries.shelve(session, nothing) == []
