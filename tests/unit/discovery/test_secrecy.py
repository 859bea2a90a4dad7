"""A marker planted in a prompt's text must come out nowhere but to its owners."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.listings.models import Listing
from marketplace.search import indexing
from tests.factories.accounts import make_seller, make_user
from tests.factories.shop import make_on_sale, make_purchase
from tests.fixtures.app import log_in

MARKER = "zanzibar"
PROMPT = f"{MARKER} paper-cut [subject=fox] under a [sky: sunset | night | noon] sky"


@pytest.fixture
def listing(session: Session, services: Services) -> Listing:
    """A live listing whose prompt holds the marker and whose public words do not."""
    seller = make_seller(session, handle="keeper")
    listing = make_on_sale(session, services, seller, prompt=PROMPT)
    indexing.update(services)
    return listing


def public_addresses(listing: Listing) -> list[str]:
    return [
        "/",
        "/browse",
        f"/search?q={listing.title}",
        f"/search?q={listing.title[:5]}x&sort=newest",
        "/search?q=fox sky night",
        f"/search/suggestions.json?q={listing.title[:4]}",
        f"/search/suggestions.json?q={MARKER[:3]}",
        "/search/image",
        "/browse?model=house-full&category=wallpapers&sort=price_low",
        f"/p/{listing.path}",
        f"/p/wrong-{listing.id}",
        f"/p/{listing.path}/proof",
        f"/p/{listing.path}/proof.json",
        f"/p/{listing.path}/share.jpg",
        f"/p/wrong-{listing.id}/share.jpg",
        "/s/keeper",
        "/c/wallpapers",
        "/c/wallpapers/feed.xml",
        "/m/house-full",
        "/how-proof-works",
        "/_/style",
        "/sitemap.xml",
        f"/sitemaps/listings-{listing.id[0]}.xml",
        "/sitemaps/sellers.xml",
        f"/library/{listing.id}",
        f"/sell/{listing.id}",
        f"/sell/{listing.id}/progress.json",
        "/moderate",
        "/nothing-here",
        "/robots.txt",
        "/readyz",
    ]


def test_no_public_answer_holds_the_marker(app: Flask, session: Session, listing: Listing) -> None:
    stranger = app.test_client()
    somebody = log_in(app.test_client(), make_user(session))
    session.commit()
    for client in (stranger, somebody):
        for address in public_addresses(listing):
            answer = client.get(address)
            assert MARKER.encode() not in answer.get_data().lower(), address
            assert MARKER not in str(answer.headers).lower(), address


def test_searching_for_the_marker_finds_nothing(client: FlaskClient, listing: Listing) -> None:
    text = client.get(f"/search?q={MARKER}").get_data(as_text=True)
    assert "0 prompts" in text
    assert listing.title not in text


def test_not_one_hidden_word_shows_in_the_skeleton(client: FlaskClient, listing: Listing) -> None:
    text = client.get(f"/p/{listing.path}").get_data(as_text=True)
    skeleton = re.search(r'<p class="skeleton">.*?</p>', text, re.DOTALL)
    assert skeleton is not None
    words = re.sub(r"<[^>]+>", " ", skeleton.group()).split()
    assert words == ["[subject]", "[sky]"]


def test_its_owner_does_see_it(app: Flask, session: Session, listing: Listing) -> None:
    buyer = make_user(session)
    right = make_purchase(session, buyer, listing)
    text = log_in(app.test_client(), buyer).get(f"/library/{right.id}").get_data(as_text=True)
    assert MARKER in text
