"""One search: words, facets, orders, pages, places for the new."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, update
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.listings.models import Listing
from marketplace.search import by_query, exploring, finding, hottest, matching
from marketplace.search.finding import Found, find
from marketplace.search.wanted import Facet, Sort, Wanted
from tests.factories.search import Stock, put_on_sale

STOCK = (
    Stock("Red fox in snow", ("fox", "winter"), "Prints like paper cut on white.", days=40),
    Stock("Foxes at dusk", ("watercolour",), "Three of them, near the harbour.", "posters", days=9),
    Stock(
        "Harbour lights",
        ("night", "sea"),
        "A lighthouse keeps watch; no animal in sight.",
        cents=499,
        variables=2,
        consistency=0.93,
        reproduced=True,
        sales=(1, 2),
        days=90,
    ),
    Stock("SDXL portrait", ("face",), "Oil and candle light.", "posters", "sdxl-1-0", 199),
)


@pytest.fixture
def ids(services: Services) -> dict[str, str]:
    """Listing ids by title."""
    return dict(zip((one.title for one in STOCK), put_on_sale(services, *STOCK), strict=True))


class Shelf:
    """Searches, and says what was found by title."""

    def __init__(self, session: Session, services: Services, ids: dict[str, str]) -> None:
        self.session, self.settings = session, services.settings
        self.titles = {listing_id: title for title, listing_id in ids.items()}

    def find(self, wanted: Wanted, size: int | None = None) -> Found:
        """A page."""
        self.session.rollback()
        return find(self.session, self.settings, wanted, size)

    def titled(self, q: str = "", sort: Sort | None = None, **facets: Any) -> list[str]:
        """Titles of the first page."""
        chosen = {Facet(name): values for name, values in facets.items()}
        wanted = Wanted(q=q, chosen=chosen)
        found = self.find(replace(wanted, sort=sort or wanted.default_sort))
        assert found.counts.total == len(found.hits)
        return [self.titles[hit.listing_id] for hit in found.hits]


@pytest.fixture
def shelf(session: Session, services: Services, ids: dict[str, str]) -> Shelf:
    """The stock, to be searched."""
    return Shelf(session, services, ids)


def test_words_stems_synonyms_phrases_and_what_is_not_wanted(shelf: Shelf) -> None:
    fox, foxes, harbour, sdxl = (one.title for one in STOCK)
    assert shelf.titled("fox") == [fox, foxes]
    assert shelf.titled("harbour") == [harbour, foxes]  # in the title before in the description
    assert shelf.titled("kirigami") == [fox]
    assert shelf.titled("aquarelle") == [foxes]
    assert shelf.titled('"foxes at dusk"') == [foxes]
    assert shelf.titled('"dusk foxes"') == shelf.titled('"foxes dusk"') == []
    assert shelf.titled("harbour -fox") == [harbour]
    assert shelf.titled('fox -"in snow"') == [foxes]
    assert shelf.titled("stable diffusion xl") == [sdxl]
    assert shelf.titled("zeppelin gondola") == []


def test_mistyped_words_are_corrected_and_it_says_so(shelf: Shelf) -> None:
    found = shelf.find(Wanted(q="ligthouse", sort=Sort.RELEVANCE))
    assert found.corrections == {"ligthouse": "lighthouse"}
    assert [shelf.titles[hit.listing_id] for hit in found.hits] == ["Harbour lights"]
    assert shelf.find(Wanted(q='"ligthouse"', sort=Sort.RELEVANCE)).hits == []
    assert shelf.find(Wanted(q="foxes", sort=Sort.RELEVANCE)).corrections == {}


def test_partial_matches_come_after_full_ones_and_only_where_there_are_few(shelf: Shelf) -> None:
    fox, foxes, harbour, _ = (one.title for one in STOCK)
    assert shelf.titled("fox snow lighthouse")[0] == fox
    assert set(shelf.titled("fox snow lighthouse")) == {fox, foxes, harbour}


@pytest.mark.parametrize("typed", ["the", "'", "fox:* & !", "\\", "%", "<->", '"unclosed', "-"])
def test_whatever_is_typed_is_no_error(shelf: Shelf, typed: str) -> None:
    found = shelf.find(Wanted(q=typed, sort=Sort.RELEVANCE))
    assert found.nothing_to_find == (typed not in ("fox:* & !", '"unclosed'))


def test_facets_narrow_and_their_counts_foretell_it(shelf: Shelf) -> None:
    for q in ("", "fox or harbour lights portrait"):
        everything = shelf.find(Wanted(q=q, sort=Wanted(q=q).default_sort))
        for facet in Facet:
            for value, count in everything.counts.by_facet[facet].items():
                narrowed = shelf.titled(q, **{facet.value: (value,)})
                assert len(narrowed) == count, (q, facet, value)
    wanted = Wanted(chosen={Facet.CATEGORY: ("posters",), Facet.MODEL: ("house-full",)})
    counts = shelf.find(wanted).counts
    assert counts.by_facet[Facet.CATEGORY] == {"posters": 1, "wallpapers": 2}
    assert counts.by_facet[Facet.MODEL] == {"house-full": 1, "sdxl-1-0": 1}
    assert (counts.whole[Facet.CATEGORY], counts.whole[Facet.MODEL]) == (3, 2)
    assert shelf.titled(category=("posters", "wallpapers"), price=("0", "3")) == [
        "Harbour lights",
        "SDXL portrait",
    ]


def test_every_order_and_every_page_of_it(shelf: Shelf) -> None:
    fox, foxes, harbour, sdxl = (one.title for one in STOCK)
    assert shelf.titled(sort=Sort.NEWEST) == [foxes, sdxl, fox, harbour]
    assert shelf.titled(sort=Sort.TRENDING)[0] == harbour  # two sales this week
    assert shelf.titled(sort=Sort.CONSISTENT)[0] == harbour
    assert shelf.titled(sort=Sort.PRICE_LOW) == [sdxl, foxes, fox, harbour]
    assert shelf.titled(sort=Sort.PRICE_HIGH) == [harbour, foxes, fox, sdxl]
    for sort in Sort:
        q = "fox or harbour lights portrait" if sort is Sort.RELEVANCE else ""
        for facets in ({}, {Facet.MODEL: ("house-full", "sdxl-1-0")}):
            wanted: Wanted | None = Wanted(q=q, chosen=facets, sort=sort)
            whole = [hit.listing_id for hit in shelf.find(Wanted(q, "", facets, sort)).hits]
            seen: list[str] = []
            while wanted:
                page = shelf.find(wanted, size=1)
                seen += [hit.listing_id for hit in page.hits]
                wanted = wanted.behind(page.after) if page.after else None
            assert seen == whole, sort
            assert len(seen) == len(set(seen)) == 4


def test_pages_do_not_repeat_or_skip_when_something_new_arrives(
    shelf: Shelf, services: Services
) -> None:
    wanted = Wanted(sort=Sort.NEWEST)
    first = shelf.find(wanted, size=2)
    (late,) = put_on_sale(services, Stock("Just in", days=0))
    assert first.after is not None
    second = shelf.find(wanted.behind(first.after), size=9)
    together = [hit.listing_id for hit in (*first.hits, *second.hits)]
    assert len(together) == len(set(together)) == 4
    assert late not in together


def test_among_many_matches_the_most_wanted_are_kept_and_facets_still_reach_the_rest(
    shelf: Shelf, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_query, "MOST", 2)
    put_on_sale(services, *(Stock(f"Fox {n}", days=n) for n in (1, 2, 3)))
    found = shelf.find(Wanted(q="fox", sort=Sort.RELEVANCE))
    assert found.at_least
    assert len(found.hits) == 2
    within = shelf.find(Wanted(q="fox", chosen={Facet.CATEGORY: ("posters",)}, sort=Sort.RELEVANCE))
    assert [shelf.titles[hit.listing_id] for hit in within.hits] == ["Foxes at dusk"]


def test_new_verified_listings_get_a_place_on_the_first_page_and_only_there(
    shelf: Shelf, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exploring, "SLOTS", (1,))
    new = put_on_sale(
        services,
        *(Stock(f"Newcomer {n}", days=10, reproduced=True, cents=299) for n in range(4)),
        Stock("Unproved", days=10),
    )
    put_on_sale(services, *(Stock(f"Bestseller {n}", sales=(1, 1, 1, 1)) for n in range(6)))
    first = shelf.find(Wanted(), size=4)
    assert [hit.is_newcomer for hit in first.hits] == [False, True, False, False]
    drawn = first.hits[1].listing_id
    assert drawn in new[:4]
    seen = [hit.listing_id for hit in first.hits]
    page = first
    while page.after:
        page = shelf.find(Wanted().behind(page.after), size=4)
        assert not any(hit.is_newcomer for hit in page.hits)
        seen += [hit.listing_id for hit in page.hits]
    assert len(seen) == len(set(seen)) == 15
    assert not any(hit.is_newcomer for hit in shelf.find(Wanted(sort=Sort.NEWEST), size=4).hits)
    category = Wanted(chosen={Facet.CATEGORY: ("posters",)})
    assert not any(hit.is_newcomer for hit in shelf.find(category, size=1).hits)
    again = shelf.find(Wanted(), size=4)
    assert [hit.listing_id for hit in again.hits] == [hit.listing_id for hit in first.hits]


def test_a_withdrawn_listing_is_left_out_before_search_knows(
    shelf: Shelf, ids: dict[str, str], session: Session
) -> None:
    from marketplace.discovery.shelving import shelved

    session.execute(
        update(Listing).where(Listing.id == ids["Harbour lights"]).values(state="withdrawn")
    )
    assert shelved(session, [ids["Harbour lights"]]) == []


@contextmanager
def counted(session: Session) -> Iterator[list[str]]:
    """Statements sent meanwhile."""
    statements: list[str] = []

    def note(*args: Any) -> None:
        statements.append(str(args[2]))

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    ("wanted", "queries"),
    [
        (Wanted(), 3),
        (Wanted(sort=Sort.NEWEST), 2),
        (Wanted(chosen={Facet.CATEGORY: ("posters",)}), 3),
        (Wanted(q="fox", sort=Sort.RELEVANCE), 3),
        (Wanted(q="fox snow", sort=Sort.RELEVANCE), 4),
        (Wanted(q="ligthouse", sort=Sort.RELEVANCE), 6),
    ],
)
def test_the_number_of_queries_is_fixed(
    shelf: Shelf, services: Services, session: Session, wanted: Wanted, queries: int
) -> None:
    hottest.present.of(session)  # asked once a minute
    for more in range(2):
        with counted(session) as statements:
            shelf.find(wanted)
        assert len(statements) == queries, statements
        if not more:
            put_on_sale(services, *(Stock(f"Fox in snow {n}", days=20) for n in range(5)))


def test_page_size_is_what_the_site_shows(shelf: Shelf) -> None:
    assert finding.PAGE_SIZE == 24
    for sort in Sort:
        names = [column.name for column in matching.fields(sort)]
        assert names[0] == "listing_id"  # where candidates are looked up by
        assert len(names) == len(set(names))
