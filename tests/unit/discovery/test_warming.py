"""A new web process makes its first pages before it takes requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask, Response, request, request_finished

from marketplace.core.container import Services
from marketplace.core.database import Database
from marketplace.discovery.warming import warm_up
from marketplace.insights.visits import is_persons_look
from marketplace.policy import entities
from tests.unit.discovery.conftest import Shop


@pytest.fixture
def made(app: Flask) -> Iterator[list[tuple[str, int, bool]]]:
    """Of every page that is made: its path, its status, and whether it counts as a look."""
    seen: list[tuple[str, int, bool]] = []

    def note(sender: Flask, response: Response) -> None:
        seen.append((request.path, response.status_code, is_persons_look(request.environ)))

    with request_finished.connected_to(note, sender=app):
        yield seen


def test_the_pages_that_are_asked_for_most_are_made_and_count_as_nobodys_look(
    app: Flask, shop: Shop, made: list[tuple[str, int, bool]]
) -> None:
    entities._index.cache_clear()
    warm_up(app)
    assert entities._index.cache_info().currsize == 1  # the next check of a text finds it there
    assert made == [
        (path, 200, False)
        for path in ("/", "/browse", "/search", "/search/suggestions.json", f"/p/{shop.fox.path}")
    ]


def test_an_empty_shop_is_no_hindrance(app: Flask, made: list[tuple[str, int, bool]]) -> None:
    warm_up(app)
    assert [status for _, status, _ in made] == [200] * 4


def test_without_its_database_a_process_starts_cold(
    app: Flask, services: Services, made: list[tuple[str, int, bool]]
) -> None:
    nowhere = Database("postgresql+psycopg://nobody@127.0.0.1:9/nothing")
    app.extensions["bracket"] = replace(services, database=nowhere)
    warm_up(app)
    assert made == []
