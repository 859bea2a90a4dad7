"""Counts held in memory follow the database, and only what changed is read again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.listings.models import Listing
from marketplace.search import cube, indexing
from marketplace.search.counts import count_all
from marketplace.search.cube import cube_of
from marketplace.search.wanted import Facet
from tests.factories.search import Stock, put_on_sale

AT_ONCE, LATER = 1e-9, 1_000.0
CHOICES: Sequence[dict[Facet, tuple[str, ...]]] = (
    {},
    {Facet.PRICE: ("0", "1")},
    {Facet.CATEGORY: ("posters",), Facet.CONSISTENCY: ("75",)},
    {Facet.CATEGORY: ("posters",), Facet.PRICE: ("3",), Facet.VARIABLES: ("yes",)},
)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each reading took; no process has read anything yet."""
    sizes: list[int] = []
    take = cube._Reader._take

    def watched(reader: Any, rows: list[Any]) -> None:
        sizes.append(len(rows))
        take(reader, rows)

    monkeypatch.setattr(cube, "_readers", {})
    monkeypatch.setattr(cube._Reader, "_take", watched)
    return sizes


def test_the_cube_follows_what_changes(
    session: Session, services: Services, read: list[int]
) -> None:
    stock = [
        Stock(
            f"Boat {n}",
            category=("posters", "wallpapers")[n % 2],
            cents=199 + 100 * (n % 4),
            consistency=(None, 0.6, 0.8)[n % 3],
            variables=n % 2,
        )
        for n in range(12)
    ]
    ids = put_on_sale(services, *stock)
    assert count_all(cube_of(session, AT_ONCE), {}).total == 12
    session.execute(update(Listing).where(Listing.id == ids[0]).values(price_cents=499))
    indexing.write(session, ids, services.settings)
    session.commit()
    assert (
        count_all(cube_of(session, LATER), {Facet.PRICE: ("3",)}).total == 3
    )  # not looked at again
    for chosen in CHOICES:
        followed = count_all(cube_of(session, AT_ONCE), chosen)
        assert followed == count_all(cube_of(session, 0), chosen), chosen
    # All of it, then the cell that was left and the one that was entered; in between anew by 0.
    whole = read[2]
    assert read[0] >= 6
    assert 1 <= read[1] <= 4
    assert whole >= read[0]
    put_on_sale(services, Stock("From a new place", category="icons-badges", model="midjourney"))
    session.rollback()
    assert count_all(cube_of(session, AT_ONCE), {Facet.CATEGORY: ("icons-badges",)}).total == 1
    session.execute(text("TRUNCATE search_documents CASCADE"))
    session.commit()
    assert count_all(cube_of(session, AT_ONCE), {}).total == 0


def test_what_commits_late_is_not_missed(
    session: Session, services: Services, read: list[int]
) -> None:
    """One transaction writes first and commits last; a reader came in between."""
    first, second = put_on_sale(services, Stock("One"), Stock("Two", category="posters"))
    assert count_all(cube_of(session, AT_ONCE), {}).total == 2
    session.rollback()
    change = text("UPDATE search_documents SET consistency = 80 WHERE listing_id = :id")
    with services.database.new_session() as slow, services.database.new_session() as quick:
        slow.execute(change, {"id": first})
        quick.execute(change, {"id": second})
        quick.commit()
        wanted = {Facet.CONSISTENCY: ("75",)}
        assert count_all(cube_of(session, AT_ONCE), wanted).total == 1
        session.rollback()
        slow.commit()
        assert count_all(cube_of(session, AT_ONCE), wanted).total == 2


def test_while_one_thread_reads_the_others_do_not_wait(
    session: Session, services: Services, read: list[int]
) -> None:
    put_on_sale(services, Stock("One"))
    assert count_all(cube_of(session, AT_ONCE), {}).total == 1
    put_on_sale(services, Stock("Two"))
    session.rollback()
    (reader,) = cube._readers.values()
    with reader.lock:
        assert count_all(cube_of(session, AT_ONCE), {}).total == 1
    assert count_all(cube_of(session, AT_ONCE), {}).total == 2
