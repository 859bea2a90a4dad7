"""Whatever is above a level's bound has that level, at every moment and whoever is killed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.search import hottest, levels
from marketplace.search.models import SearchDocument, SearchLevel
from tests.factories.search import Stock, put_on_sale

STOCK = 64
WANTED = {1: 16, 2: 4, 3: 1}
"""Documents above each bound: the bound itself is the next one's demand."""


@pytest.fixture
def shelf(services: Services, session: Session, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setattr(levels, "FROM", 50)
    monkeypatch.setattr(levels, "BATCH", 7)
    monkeypatch.setattr(levels, "SHARES", {1: 1 / 4, 2: 1 / 16, 3: 1 / 64})
    add(services, session, STOCK)
    return session


def add(services: Services, session: Session, count: int, days: float = 30) -> list[str]:
    ids = put_on_sale(services, *(Stock(f"Lake {n}", days=days + n / 10) for n in range(count)))
    session.rollback()
    session.execute(text("ANALYZE search_documents"))
    session.commit()
    return ids


def held(session: Session) -> dict[int, int]:
    """Documents of each level and above."""
    session.rollback()
    return {
        level: session.scalar(
            select(func.count()).select_from(SearchDocument).where(SearchDocument.level >= level)
        )
        or 0
        for level in WANTED
    }


def nothing_is_missing(session: Session) -> bool:
    """True when no document above a bound lacks its level."""
    session.rollback()
    lacking = select(func.count()).select_from(SearchDocument)
    lacking = lacking.join(SearchLevel, SearchDocument.trending >= SearchLevel.bound)
    return session.scalar(lacking.where(SearchDocument.level < SearchLevel.level)) == 0


def test_the_levels_hold_their_shares(shelf: Session, services: Services) -> None:
    assert levels.measure(services)
    assert held(shelf) == {level: count + 1 for level, count in WANTED.items()}
    assert not levels.measure(services)  # they fit


def test_new_and_newly_bought_documents_get_their_level_at_once(
    shelf: Session, services: Services
) -> None:
    levels.measure(services)
    before = held(shelf)
    add(services, shelf, 1, days=0)
    assert held(shelf)[3] == before[3] + 1
    cold = shelf.scalar(select(SearchDocument.listing_id).where(SearchDocument.level == 0).limit(1))
    shelf.execute(
        update(SearchDocument).where(SearchDocument.listing_id == cold).values(trending=10_000)
    )
    shelf.commit()
    assert held(shelf)[3] == before[3] + 2
    assert nothing_is_missing(shelf)


def test_a_level_that_grew_too_large_is_measured_anew(shelf: Session, services: Services) -> None:
    levels.measure(services)
    add(services, shelf, STOCK, days=1)
    assert held(shelf)[1] > STOCK
    assert levels.measure(services)
    assert held(shelf)[1] == STOCK * 2 // 4 + 1
    assert nothing_is_missing(shelf)


def test_a_shop_that_became_small_has_none(
    shelf: Session, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    levels.measure(services)
    monkeypatch.setattr(levels, "FROM", 1_000)
    assert levels.measure(services)
    assert held(shelf) == dict.fromkeys(WANTED, 0)
    assert shelf.scalar(select(func.count()).select_from(SearchLevel)) == 0
    assert not levels.measure(services)


@pytest.mark.parametrize("dies_at", range(1, 9))
def test_whoever_is_killed_leaves_levels_that_hold_enough(
    shelf: Session, services: Services, monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    levels.measure(services)
    add(services, shelf, STOCK, days=1)
    move, calls = levels._move_some, [0]

    def dying(*args: Any, **kwargs: Any) -> int:
        calls[0] += 1
        if calls[0] == dies_at:
            raise KeyboardInterrupt
        return move(*args, **kwargs)

    monkeypatch.setattr(levels, "_move_some", dying)
    with pytest.raises(KeyboardInterrupt):
        levels.measure(services)
    assert nothing_is_missing(shelf)
    monkeypatch.setattr(levels, "_move_some", move)
    levels.measure(services)
    assert nothing_is_missing(shelf)
    hottest.present.forget()
