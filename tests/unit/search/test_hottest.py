"""Common words: only the most sought-after matches are read, and they are the same ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.search import hottest, levels
from marketplace.search.matching import Words, by_words
from marketplace.search.models import SearchDocument, SearchLevel
from marketplace.search.synonyms import Choice
from tests.factories.search import Stock, put_on_sale

STOCK, MOST = 120, 5


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The levels that were looked into, 0 for all; levels for small shops too."""
    seen: list[int] = []
    within = hottest.Reading.within

    def noted(reading: hottest.Reading, level: int) -> Any:
        seen.append(level)
        return within(reading, level)

    monkeypatch.setattr(hottest.Reading, "within", noted)
    monkeypatch.setattr(hottest, "FEW", 8)
    monkeypatch.setattr(levels, "FROM", 100)
    hottest.present.forget()
    yield seen
    hottest.present.forget()


@pytest.fixture
def shelf(services: Services, session: Session) -> Session:
    """Sixty calm pictures among a hundred and twenty, each published on a day of its own."""
    put_on_sale(
        services,
        *(
            Stock(f"Calm lake {n}" if n % 2 else f"Storm {n}", days=n / 3)
            for n in range(1, STOCK + 1)
        ),
    )
    session.execute(text("ANALYZE search_documents"))
    session.commit()
    return session


def found(session: Session, *wanted: str, most: int = MOST) -> list[str]:
    words = Words("english", [Choice(((word,),)) for word in wanted or ("calm",)])
    rows = by_words(session, words.every, words, {}, most)
    session.rollback()
    return sorted(row.listing_id for row in rows)


def test_a_small_shop_has_no_levels(shelf: Session, looked: list[int]) -> None:
    assert len(found(shelf)) == MOST
    assert looked == [0]


def test_levels_change_nothing_but_the_cost(
    shelf: Session, services: Services, looked: list[int]
) -> None:
    everything = found(shelf)
    assert levels.measure(services)
    hottest.present.forget()
    looked.clear()
    assert found(shelf) == everything
    assert looked == [1]  # a quarter of the calm ones are enough
    looked.clear()
    assert len(found(shelf, most=40)) == 40
    assert looked == [0]


def test_where_a_level_holds_too_few_all_are_read(
    shelf: Session, services: Services, looked: list[int]
) -> None:
    levels.measure(services)
    hottest.present.forget()
    # Only three of the calm ones are left above the bound: fewer than were guessed.
    calm = SearchDocument.title_key.startswith("calm")
    newest = select(SearchDocument.listing_id).where(calm)
    newest = newest.order_by(SearchDocument.trending.desc()).offset(3)
    shelf.execute(
        update(SearchDocument)
        .where(SearchDocument.listing_id.in_(newest))
        .values(trending=SearchDocument.trending - 100)
    )
    shelf.commit()
    looked.clear()
    by_levels = found(shelf)
    assert looked == [1, 0]
    shelf.execute(delete(SearchLevel))
    shelf.commit()
    hottest.present.forget()
    assert by_levels == found(shelf)
    assert len(by_levels) == MOST


def test_words_that_stand_together_are_not_taken_for_rare(
    shelf: Session, services: Services, looked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    levels.measure(services)
    hottest.present.forget()
    monkeypatch.setattr(hottest, "_guessed", lambda *_: [1.0, 60.0, 60.0])
    looked.clear()
    assert len(found(shelf, "calm", "lake")) == MOST
    assert looked == [1]
    monkeypatch.setattr(hottest, "_guessed", lambda *_: [1.0, 60.0, 2.0])
    looked.clear()
    found(shelf, "calm", "lake")
    assert looked == [0]


def test_what_is_left_over_below_a_bound_is_not_taken_for_its_level(
    shelf: Session, services: Services, looked: list[int]
) -> None:
    levels.measure(services)
    hottest.present.forget()
    everything = found(shelf)
    shelf.execute(update(SearchDocument).values(level=3))
    shelf.commit()
    assert found(shelf) == everything


def test_the_guess_is_the_planners_own(shelf: Session) -> None:
    both, calm, storm = hottest._guessed(
        shelf, "english", ["'calm' & 'storm'", "'calm'", "'storm'"]
    )
    assert calm == pytest.approx(60, abs=5)
    assert storm == pytest.approx(60, abs=5)
    assert both < calm
    assert shelf.scalar(select(func.count()).select_from(SearchDocument)) == STOCK
