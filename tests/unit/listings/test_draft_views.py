"""The first page of a listing over HTTP: messages beside fields, input kept."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.container import Services
from marketplace.listings.models import Listing
from marketplace.listings.queries import version_of
from tests.factories.accounts import make_seller, make_user
from tests.factories.listings import PROMPT, make_draft, make_in_review, make_submitted
from tests.fixtures.app import log_in

FORM = {
    "title": "Paper-cut animals",
    "description": "Layered paper scenes with one animal of your choice.",
    "category": "wallpapers",
    "tags": "Paper, animals , paper, ",
    "target_model": "house-fast",
    "prompt": PROMPT,
    "steps": "",
    "guidance": "",
    "scheduler": "",
    "price": "2.99",
}


def test_a_new_listing_takes_the_models_defaults(
    shop: FlaskClient, session: Session, services: Services
) -> None:
    answer = shop.post("/sell/new", data=FORM)
    listing = session.scalars(select(Listing)).one()
    assert answer.status_code == 302
    assert answer.location == f"/sell/{listing.id}#samples"
    version = version_of(session, listing)
    assert (version.steps, version.guidance, version.scheduler) == (10, 4.0, "dpmpp_2m")
    assert (listing.tags, listing.price_cents) == (["paper", "animals"], 299)
    assert services.vault.open(version.prompt_sealed) == PROMPT


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"price": "0"}, "between $1.99 and $4.99"),
        ({"price": "1.989"}, "whole cents"),
        ({"price": "abc"}, "Prices go from $1.99 to $4.99"),
        ({"price": "10,000"}, "Prices go from $1.99 to $4.99"),
        ({"price": "١.٩٩"}, "Prices go from"),
        ({"price": ""}, "Name a price"),
        ({"steps": "5"}, "takes 6 to 14 steps"),
        ({"steps": "twenty"}, "whole number"),
        ({"guidance": "nan"}, "number such as 4"),
        ({"guidance": "9"}, "guidance of 1 to 8"),
        ({"scheduler": "dream"}, "does not offer this scheduler"),
        ({"category": ""}, "Choose a category"),
        ({"title": "ab"}, "4 to 80 characters"),
        ({"prompt": "a fox\r\nunder [sky"}, "Line 2, column 7: This [ is not closed"),
        ({"prompt": " ".join(f"[v{n}]" for n in range(13))}, "at most 12"),
        ({"prompt": "x" * 4001}, "4000"),
        ({"tags": "x" * 25}, "at most 24 characters"),
    ],
)
def test_a_refusal_says_how_and_keeps_what_was_typed(
    shop: FlaskClient, session: Session, change: dict[str, str], message: str
) -> None:
    answer = shop.post("/sell/new", data=FORM | change)
    assert answer.status_code == 422
    assert message in answer.text
    assert "Layered paper scenes with one animal" in answer.text
    for value in change.values() if "scheduler" not in change else ():
        assert value.replace("\r\n", "\n") in answer.text
    assert session.scalars(select(Listing)).all() == []


def test_every_mistake_of_a_template_is_listed(shop: FlaskClient) -> None:
    answer = shop.post("/sell/new", data=FORM | {"prompt": "one ] two\n[=x]"})
    assert "Line 1, column 5:" in answer.text
    assert "Line 2, column 1:" in answer.text


def test_editing_shows_the_sealed_prompt_to_its_seller(
    shop: FlaskClient, session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_draft(session, services, seller)
    session.commit()
    page = shop.get(f"/sell/{listing.id}/edit")
    assert PROMPT in page.text
    answer = shop.post(f"/sell/{listing.id}/edit", data=FORM | {"title": "Paper owls"})
    assert answer.location == f"/sell/{listing.id}"
    session.expire_all()
    assert session.get_one(Listing, listing.id).title == "Paper owls"


def test_a_submitted_listing_cannot_be_edited(
    shop: FlaskClient, session: Session, services: Services, seller: SellerProfile
) -> None:
    for listing in (
        make_submitted(session, services, seller),
        make_in_review(session, services, seller),
    ):
        session.commit()
        assert shop.get(f"/sell/{listing.id}/edit").status_code == 409
        assert shop.post(f"/sell/{listing.id}/edit", data=FORM).status_code == 409


def test_a_foreign_draft_is_not_there(
    app: Flask, session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_draft(session, services, seller, samples=1)
    sample = version_of(session, listing).samples[0]
    other = make_seller(session, "Other")
    buyer = make_user(session)
    session.commit()
    paths: dict[str, str] = {
        f"/sell/{listing.id}": "GET",
        f"/sell/{listing.id}/edit": "GET",
        f"/sell/{listing.id}/samples": "POST",
        f"/sell/{listing.id}/submit": "POST",
        f"/sell/{listing.id}/withdraw": "POST",
        f"/sell/{listing.id}/samples/{sample.id}/original": "GET",
        "/sell/0000000000000": "GET",
        "/sell/not-an-id": "GET",
    }
    for person in (other.user, buyer):
        client = log_in(app.test_client(), person)
        for path, method in paths.items():
            assert client.open(path, method=method).status_code == 404, path
    stranger = app.test_client()
    for path, method in paths.items():
        answer = stranger.open(path, method=method)
        assert answer.status_code == 302, path
        assert answer.location.startswith("/account/login"), path


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a [x: 1 | 2]", {"problems": [], "words": 2}),
        ("", {"words": 0}),
        ("a\n [", {"words": 0}),
    ],
)
def test_preview(shop: FlaskClient, prompt: str, expected: dict[str, Any]) -> None:
    answer = shop.post("/sell/preview.json", data={"prompt": prompt}).json
    assert answer is not None
    assert {name: answer[name] for name in expected} == expected
    if not answer["problems"]:
        assert answer["variables"] == [{"name": "x", "default": "1", "choices": ["1", "2"]}]


def test_forms_from_elsewhere_are_refused(
    csrf_app: Flask, session: Session, seller: SellerProfile
) -> None:
    client = log_in(csrf_app.test_client(), seller.user)
    answer = client.post("/sell/new", data=FORM)
    assert answer.status_code == 400
    assert "came from another site" in answer.text
    assert client.post("/sell/preview.json", data={"prompt": "x"}).status_code == 400
    assert session.scalars(select(Listing)).all() == []


def test_a_form_larger_than_any_listing_is_refused(
    shop: FlaskClient, session: Session, services: Services, seller: SellerProfile
) -> None:
    answer = shop.post("/sell/new", data=FORM | {"description": "x" * 1_100_000})
    assert answer.status_code == 413
    # Only real uploads may be large, even where uploads are expected.
    listing = make_draft(session, services, seller)
    session.commit()
    answer = shop.post(f"/sell/{listing.id}/samples", data={"new-0-seed": "1" * 1_100_000})
    assert answer.status_code == 413
