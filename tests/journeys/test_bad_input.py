"""What people get wrong: each page says how to mend it, and nothing typed is lost."""

from __future__ import annotations

import html
import io
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_security import hash_password
from flask_security.confirmable import generate_confirmation_token
from flask_security.recoverable import generate_reset_password_token
from itsdangerous import TimestampSigner
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from marketplace.accounts.models import SellerProfile, User
from marketplace.core.container import Services
from marketplace.listings.catalogue import load_catalogue
from marketplace.listings.models import Listing, Sample
from tests.factories.accounts import make_seller, make_user
from tests.factories.listings import make_draft, picture_bytes
from tests.factories.shop import make_on_sale, make_purchase
from tests.fixtures.app import log_in
from tests.unit.images.builders import png

PASSWORD = "correct horse battery"
DAYS = 24 * 60 * 60
FORM = {
    "title": "Foxes under any sky",
    "description": "Paper foxes, one of your choosing, under a mood of sky.",
    "category": "wallpapers",
    "tags": "fox, paper",
    "target_model": "house-fast",
    "prompt": "paper-cut [subject=fox] under a [sky: sunset | night] sky",
    "steps": "8",
    "guidance": "4.5",
    "scheduler": "euler",
    "price": "2.99",
}


@pytest.fixture
def person(app: Flask, session: Session) -> User:
    """Somebody with a password."""
    with app.test_request_context():
        user = make_user(session, email="kim@example.com", password=hash_password(PASSWORD))
    session.commit()
    return user


@pytest.fixture
def seller(session: Session) -> SellerProfile:
    """A seller in a shop with its catalogue."""
    load_catalogue(session)
    profile = make_seller(session)
    session.commit()
    return profile


@pytest.fixture
def desk(client: FlaskClient, seller: SellerProfile) -> FlaskClient:
    """The seller's browser."""
    return log_in(client, seller.user)


@pytest.fixture
def draft(session: Session, services: Services, seller: SellerProfile) -> Listing:
    """A draft without samples."""
    listing = make_draft(session, services, seller)
    session.commit()
    return listing


# -- accounts


def test_a_wrong_password(client: FlaskClient, person: User) -> None:
    form = {"email": person.email, "password": "wrong horse battery"}
    answer = client.post("/account/login", data=form)
    assert "E-mail address or password is not right." in answer.text
    assert f'value="{person.email}"' in answer.text
    assert "wrong horse" not in answer.text
    assert client.get("/library").status_code == 302
    unknown = client.post("/account/login", data=form | {"email": "nobody@example.com"})
    assert "E-mail address or password is not right." in unknown.text


def test_the_right_password_after_a_wrong_one(client: FlaskClient, person: User) -> None:
    client.post("/account/login", data={"email": person.email, "password": "wrong"})
    client.post("/account/login", data={"email": person.email, "password": PASSWORD})
    assert client.get("/library").status_code == 200


def _three_days_ago(make: Callable[[User], Any], person: User, patch: pytest.MonkeyPatch) -> str:
    """A token as it was made then."""
    with patch.context() as past:
        past.setattr(TimestampSigner, "get_timestamp", lambda signer: int(time.time()) - 3 * DAYS)
        return str(make(person))


def test_an_expired_confirmation_link(
    app: Flask, client: FlaskClient, session: Session, person: User, monkeypatch: Any
) -> None:
    person.confirmed_at = None
    session.commit()
    with app.test_request_context():
        fresh = generate_confirmation_token(person)
        old = _three_days_ago(generate_confirmation_token, person, monkeypatch)
    answer = client.get(f"/account/confirm/{old}", follow_redirects=True)
    assert "That link has expired. Ask for a fresh one below." in answer.text
    assert "Send a fresh link" in answer.text
    assert client.get("/library").status_code == 302
    answer = client.get(f"/account/confirm/{fresh}", follow_redirects=True)
    assert "your address is confirmed" in answer.text


def test_an_expired_reset_link(
    app: Flask, client: FlaskClient, person: User, monkeypatch: Any
) -> None:
    with app.test_request_context():
        old = _three_days_ago(generate_reset_password_token, person, monkeypatch)
    form = {"password": "another horse battery", "password_confirm": "another horse battery"}
    answer = client.post(f"/account/reset/{old}", data=form, follow_redirects=True)
    assert "That link has expired. Ask for a fresh one below." in answer.text
    assert "Send the link" in answer.text
    client.post("/account/login", data={"email": person.email, "password": PASSWORD})
    assert client.get("/library").status_code == 200


def test_a_garbled_link_says_where_to_get_another(client: FlaskClient) -> None:
    answer = client.get("/account/confirm/garbled", follow_redirects=True)
    assert "Ask for a fresh one below." in answer.text
    assert "Send a fresh link" in answer.text


@pytest.mark.parametrize("path", ["/account/login", "/account/register", "/sell/new", "/account/"])
def test_a_form_without_its_token(
    csrf_app: Flask, session: Session, seller: SellerProfile, path: str
) -> None:
    client = csrf_app.test_client()
    if path in {"/sell/new", "/account/"}:
        log_in(client, seller.user)
    answer = client.post(path, data=FORM | {"email": "kim@example.com", "password": PASSWORD})
    assert answer.status_code == 400
    assert "reload the page" in answer.text
    assert session.scalar(select(func.count()).select_from(Listing)) == 0


# -- other people's things


def test_what_belongs_to_someone_else_is_not_there(
    app: Flask, session: Session, services: Services, draft: Listing
) -> None:
    stranger = make_seller(session, "Somebody Else")
    owner = make_user(session)
    bought = make_purchase(session, owner, make_on_sale(session, services, draft.seller))
    session.commit()
    client = log_in(app.test_client(), stranger.user)
    for path in (f"/sell/{draft.id}", f"/sell/{draft.id}/edit", f"/library/{bought.id}"):
        assert client.get(path).status_code == 404, path
    for path in (f"/sell/{draft.id}/submit", f"/sell/{draft.id}/samples", f"/library/{bought.id}"):
        assert client.post(path).status_code == 404, path
    assert client.get(f"/sell/{draft.id}/progress.json").status_code == 404
    # The same answer as for what was never there.
    assert client.get("/sell/0000000000000").status_code == 404
    assert log_in(app.test_client(), owner).get(f"/library/{bought.id}").status_code == 200


# -- the first page of a listing


@pytest.mark.parametrize(
    ("field", "typed", "message"),
    [
        ("prompt", "a fox [under a sky", "Line 1, column 7"),
        ("prompt", " ".join(f"[v{number}=x]" for number in range(13)), "12"),
        ("price", "0", "$1.99"),
        ("price", "1.989", "whole cents"),
        ("price", "abc", "$1.99 to $4.99"),
        ("price", "10000", "between $1.99 and $4.99"),
        ("price", "10,000", "$1.99 to $4.99"),
    ],
)
def test_a_listing_that_cannot_be_saved(
    desk: FlaskClient, session: Session, field: str, typed: str, message: str
) -> None:
    answer = desk.post("/sell/new", data=FORM | {field: typed})
    page = html.unescape(answer.text)
    assert answer.status_code == 422
    error = page.partition(f'id="{field}-error"')[2].partition("</p>")[0]
    assert message in error
    for kept in (FORM | {field: typed}).values():
        assert kept in page
    assert session.scalar(select(func.count()).select_from(Listing)) == 0


# -- samples


def _bomb() -> bytes:
    """144 megapixels in some kilobytes."""
    side = 12_000
    return png(side, side, pixels=bytes(side * 50), depth=1, colour=0)


@pytest.mark.parametrize(
    ("upload", "message"),
    [
        (lambda: picture_bytes() + bytes(16_000_000), "larger than 15 MB"),
        (_bomb, "megapixels"),
        (lambda: b"", "empty"),
        (lambda: b"Dear reader, I am a letter.", "holds no such picture"),
    ],
    ids=["16 MB", "bomb", "empty", "text"],
)
def test_a_file_that_is_refused(
    desk: FlaskClient, session: Session, draft: Listing, upload: Callable[[], bytes], message: str
) -> None:
    """The row keeps its seed and values, and the good row beside it is stored."""
    data = {
        **_row(0, picture_bytes(), "11", "owl"),
        **_row(1, upload(), "12", "heron"),
    }
    # Encoded here: for large bodies the client would use a temporary file and leave it open.
    boundary, body = encode_multipart(data)
    kind = f"multipart/form-data; boundary={boundary}"
    answer = desk.post(f"/sell/{draft.id}/samples", data=body, content_type=kind)
    assert answer.status_code == 422
    assert message in answer.text
    for kept in ('value="12"', 'value="heron"'):
        assert kept in answer.text
    assert list(session.scalars(select(Sample.seed))) == [11]


def test_two_samples_are_not_enough(desk: FlaskClient, session: Session, draft: Listing) -> None:
    data = {
        **_row(0, picture_bytes(1), "11", "owl"),
        **_row(1, picture_bytes(2), "12", "heron"),
    }
    answer = desk.post(f"/sell/{draft.id}/submit", data=data)
    assert answer.status_code == 422
    assert "Add 1 more sample" in answer.text
    assert sorted(session.scalars(select(Sample.seed))) == [11, 12]


def _row(number: int, picture: bytes, seed: str, subject: str) -> dict[str, Any]:
    key = f"new-{number}"
    return {
        f"{key}-file": FileStorage(io.BytesIO(picture), "picture.png"),
        f"{key}-seed": seed,
        f"{key}-value-subject": subject,
        f"{key}-value-sky": "night",
    }
