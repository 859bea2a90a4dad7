"""The library over HTTP: its owner's, and nobody else's."""

from __future__ import annotations

import html
import json
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.core.container import Services
from marketplace.listings import operations
from marketplace.listings.models import Listing
from marketplace.orders.models import Entitlement
from tests.factories.accounts import make_seller, make_user
from tests.factories.shop import make_on_sale, make_purchase
from tests.fixtures.app import log_in

PROMPT = r"</script><b>velvet</b> [subject] under a [sky: sunset | night] sky \[x\]"


@pytest.fixture
def listing(session: Session, services: Services) -> Listing:
    seller = make_seller(session, name="Mira Holm")
    return make_on_sale(
        session,
        services,
        seller,
        title="Velvet skies",
        prompt=PROMPT.replace("[subject]", "[subject=fox]"),
    )


@pytest.fixture
def buyer(session: Session) -> User:
    person = make_user(session, name="Robin")
    session.commit()
    return person


@pytest.fixture
def right(session: Session, buyer: User, listing: Listing) -> Entitlement:
    return make_purchase(session, buyer, listing)


@pytest.fixture
def owner(app: Flask, buyer: User) -> FlaskClient:
    return log_in(app.test_client(), buyer)


def preview(text: str) -> str:
    """The final text as the page shows it."""
    found = re.search(r"<output[^>]*>(.*?)</output>", text, re.DOTALL)
    assert found is not None
    return html.unescape(re.sub(r"<[^>]+>", "", found.group(1)))


def test_strangers_are_asked_to_log_in(client: FlaskClient, right: Entitlement) -> None:
    for address in ("/library", f"/library/{right.id}"):
        answer = client.get(address)
        assert answer.status_code == 302, address
        assert "/account/login" in answer.location


def test_someone_elses_item_is_not_there(
    app: Flask, session: Session, listing: Listing, right: Entitlement
) -> None:
    other, seller = make_user(session), listing.seller.user
    session.commit()
    for person in (other, seller):
        client = log_in(app.test_client(), person)
        assert client.get(f"/library/{right.id}").status_code == 404
        assert client.post(f"/library/{right.id}").status_code == 404


def test_unknown_items_are_not_there(owner: FlaskClient) -> None:
    for name in ("0" * 13, "nothing", "%00", "0" * 300):
        assert owner.get(f"/library/{name}").status_code == 404, name


def test_an_empty_library_says_what_it_is_for(owner: FlaskClient) -> None:
    text = owner.get("/library").get_data(as_text=True)
    assert "Nothing here yet" in text
    assert 'href="/browse"' in text


def test_the_shelf_shows_what_was_bought(owner: FlaskClient, right: Entitlement) -> None:
    text = owner.get("/library").get_data(as_text=True)
    assert f'href="/library/{right.id}"' in text
    assert "Velvet skies" in text
    assert "1 prompt," in text


def test_the_page_shows_prompt_settings_seeds_and_receipt(
    owner: FlaskClient, right: Entitlement
) -> None:
    text = owner.get(f"/library/{right.id}").get_data(as_text=True)
    assert preview(text) == "</script><b>velvet</b> fox under a sunset sky [x]"
    assert "DPM++ 2M" in text
    assert "<dt>Seed</dt><dd>3</dd>" in text
    assert right.line.order_id in text
    assert "$2.99" in text


def test_it_is_never_kept_in_a_cache(owner: FlaskClient, right: Entitlement) -> None:
    answers = [
        owner.get("/library"),
        owner.get(f"/library/{right.id}"),
        owner.post(f"/library/{right.id}", data={"value-0": "owl", "value-1": "night"}),
    ]
    for answer in answers:
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "private, no-store"


def test_the_seller_cannot_put_markup_into_the_buyers_page(
    owner: FlaskClient, right: Entitlement
) -> None:
    text = owner.get(f"/library/{right.id}").get_data(as_text=True)
    assert "<b>velvet" not in text
    data = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', text, re.DOTALL)
    assert data is not None
    nodes = json.loads(data.group(1))["nodes"]
    assert nodes[0] == {"text": "</script><b>velvet</b> "}


def test_without_scripts_the_form_fills_the_prompt(owner: FlaskClient, right: Entitlement) -> None:
    answer = owner.post(f"/library/{right.id}", data={"value-0": "an owl", "value-1": "night"})
    assert answer.status_code == 200
    text = answer.get_data(as_text=True)
    assert preview(text) == "</script><b>velvet</b> an owl under a night sky [x]"
    assert 'value="an owl"' in text


def test_a_wrong_value_is_explained_and_kept(owner: FlaskClient, right: Entitlement) -> None:
    answer = owner.post(f"/library/{right.id}", data={"value-0": "[owl]", "value-1": "noon"})
    assert answer.status_code == 422
    text = answer.get_data(as_text=True)
    assert 'value="[owl]"' in text
    assert "Square brackets cannot be part of a value" in text
    assert "Choose one of: sunset, night." in text


def test_filling_needs_a_csrf_token(csrf_app: Flask, buyer: User, right: Entitlement) -> None:
    client = log_in(csrf_app.test_client(), buyer)
    answer = client.post(f"/library/{right.id}", data={"value-0": "owl"})
    assert answer.status_code == 400
    assert "velvet" not in answer.get_data(as_text=True)


def test_what_was_bought_stays_after_the_listing_is_withdrawn(
    session: Session, owner: FlaskClient, listing: Listing, right: Entitlement
) -> None:
    operations.withdraw(session, listing, listing.seller_id)
    session.commit()
    text = owner.get(f"/library/{right.id}").get_data(as_text=True)
    assert "no longer on sale, still yours" in text
    assert f"/p/{listing.path}" not in text
    assert "velvet" in preview(text)


def test_buyers_keep_the_version_they_bought(
    session: Session, services: Services, owner: FlaskClient, listing: Listing, right: Entitlement
) -> None:
    version = listing.live_version
    assert version is not None
    assert right.version_id == version.id
    listing.live_version_id = None
    listing.state = type(listing.state).WITHDRAWN
    session.commit()
    assert "velvet" in owner.get(f"/library/{right.id}").get_data(as_text=True)
