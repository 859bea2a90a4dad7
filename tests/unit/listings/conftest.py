"""A seller with an open browser session, and with real browsers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import BrowserContext, Page
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from marketplace.accounts.models import SellerProfile
from tests.factories.accounts import make_seller
from tests.factories.catalogue import stock_catalogue
from tests.fixtures.app import log_in


@pytest.fixture
def seller(session: Session) -> SellerProfile:
    """A seller who can be paid, in a shop with its catalogue."""
    stock_catalogue(session)
    profile = make_seller(session)
    session.commit()
    return profile


@pytest.fixture
def shop(client: FlaskClient, seller: SellerProfile) -> FlaskClient:
    """The seller's browser."""
    return log_in(client, seller.user)


@pytest.fixture
def site(csrf_app: Flask) -> Iterator[str]:
    """The application at an address of its own."""
    server = make_server("127.0.0.1", 0, csrf_app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture
def device(
    site: str, csrf_app: Flask, seller: SellerProfile, new_context: Callable[..., BrowserContext]
) -> Callable[..., Page]:
    """Open the seller's account on yet another device; options are its browser's."""

    def make(**options: object) -> Page:
        client = log_in(csrf_app.test_client(), seller.user)
        cookie = client.get_cookie("session")
        assert cookie is not None
        context = new_context(base_url=site, **options)
        context.add_cookies([{"name": "session", "value": cookie.value, "url": site}])
        return context.new_page()

    return make
