"""Error pages stand even while the database is away."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import pytest
from flask import Flask

from marketplace.core.container import Services
from marketplace.core.database import Database
from marketplace.core.web.error_pages import TEXTS, error_response
from tests.fixtures.app import log_in

NOBODY = SimpleNamespace(fs_uniquifier="somebody-signed-in")


@pytest.fixture
def away(app: Flask, services: Services) -> Flask:
    """The application after its database died."""
    dead = Database("postgresql+psycopg://nobody@127.0.0.1:9/nothing")
    app.extensions["bracket"] = dataclasses.replace(services, database=dead)
    return app


def test_strangers_and_people_signed_in_read_that_a_part_does_not_answer(away: Flask) -> None:
    for client in (away.test_client(), log_in(away.test_client(), NOBODY)):  # type: ignore[arg-type]
        answer = client.get("/")
        assert answer.status_code == 503
        text = answer.get_data(as_text=True)
        assert "Not available right now" in text
        assert "Browse prompts" in text
        assert "Log in" not in text


def test_machines_read_it_as_json(away: Flask) -> None:
    answer = away.test_client().get("/", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.mimetype) == (503, "application/json")


def test_a_missing_page_still_knows_who_is_there(app: Flask) -> None:
    text = app.test_client().get("/nothing-here").get_data(as_text=True)
    assert "There is nothing here" in text
    assert "Log in" in text


def test_each_error_says_what_to_do_next(app: Flask) -> None:
    for status, way_out in (
        (404, "Look for it among the prompts"),
        (413, "Your listings"),
        (429, ">Try again<"),
        (500, ">Try again<"),
    ):
        with app.test_request_context("/some/page?q=owl"):
            text = error_response(status, TEXTS[status], "test").get_data(as_text=True)
        assert way_out in text, status
        assert f">{status}<" in text
        if way_out == ">Try again<":
            assert 'href="/some/page?q=owl"' in text
