"""Common words: only the most sought-after matches are read, and they are the same ones."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, literal_column, text
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.search import hottest
from marketplace.search.matching import Words, by_words
from marketplace.search.synonyms import Choice
from tests.factories.search import Stock, put_on_sale

COMMON, MOST = 120, 5


@pytest.fixture
def shelf(services: Services, session: Session) -> Session:
    """Sixty calm pictures among a hundred and twenty, each published on a day of its own."""
    put_on_sale(
        services,
        *(
            Stock(f"Calm lake {n}" if n % 2 else f"Storm {n}", days=n / 3)
            for n in range(1, COMMON + 1)
        ),
    )
    session.execute(text("ANALYZE search_documents"))
    session.commit()
    return session


def found(session: Session, most: int = MOST) -> list[str]:
    words = Words("english", [Choice((("calm",),))])
    assert words.every is not None
    rows = by_words(session, words.every, words, {}, most)
    return sorted(row.listing_id for row in rows)


def test_a_bound_changes_nothing_but_the_cost(
    shelf: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = found(shelf)
    bounds: list[float | None] = []
    bound_for = hottest.bound_for

    def noted(*args: Any) -> float | None:
        bounds.append(bound_for(*args))
        return bounds[-1]

    monkeypatch.setattr(hottest, "bound_for", noted)
    monkeypatch.setattr(hottest, "MANY", 20)
    assert found(shelf) == everything
    assert bounds[0] is not None
    assert len(everything) == MOST


def test_where_the_bound_was_guessed_too_high_all_are_read(
    shelf: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = found(shelf)
    monkeypatch.setattr(hottest, "bound_for", lambda *_: 1e9)
    assert found(shelf) == everything


def test_few_matches_have_no_bound(shelf: Session) -> None:
    condition = literal_column("words").bool_op("@@")(func.to_tsquery("english", "calm"))
    assert hottest.bound_for(shelf, condition, MOST) is None
