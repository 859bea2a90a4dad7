"""Signing up, confirming, recovering: over HTTP, with the mails that would have left."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_security import hash_password
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import OutgoingMail, User
from marketplace.accounts.queries import user_by_email
from tests.factories.accounts import make_user
from tests.fixtures.app import log_in

PASSWORD = "correct horse battery"
SIGN_UP = {"email": "Ada@Example.com", "password": PASSWORD, "display_name": "Ada"}


def mails(session: Session) -> list[OutgoingMail]:
    session.expire_all()
    return list(session.scalars(select(OutgoingMail).order_by(OutgoingMail.created_at)))


def link(mail: OutgoingMail) -> str:
    found = re.search(r"http://localhost(/\S+)", mail.body_text)
    assert found is not None, mail.body_text
    return found.group(1)


@pytest.fixture
def ada(app: Flask, session: Session) -> User:
    with app.app_context():
        user = make_user(
            session, email="ada@example.com", name="Ada", password=hash_password(PASSWORD)
        )
    session.commit()
    return user


def signed_in(client: FlaskClient) -> bool:
    return client.get("/account/").status_code == 200


def test_sign_up_confirm_and_in(client: FlaskClient, session: Session) -> None:
    answer = client.post("/account/register", data=SIGN_UP)
    assert answer.location == "/account/check-mail"
    assert "Look into your mailbox" in client.get(answer.location).text
    (mail,) = mails(session)
    assert (mail.recipient, mail.subject) == (
        "ada@example.com",
        "Welcome to Bracket: please confirm your address",
    )
    assert "Hello Ada," in mail.body_text
    assert "&" not in mail.body_text  # plain text is not escaped

    login = {"email": "ada@example.com", "password": PASSWORD}
    refused = client.post("/account/login", data=login)
    assert not signed_in(client)
    assert "E-mail address or password" in refused.text or "confirm" in refused.text

    assert client.get(link(mail)).status_code == 302
    assert signed_in(client)
    user = user_by_email(session, "ada@example.com")
    assert user is not None
    assert user.confirmed_at is not None


def test_signing_up_twice_tells_strangers_nothing(
    client: FlaskClient, session: Session, ada: User
) -> None:
    answer = client.post("/account/register", data=SIGN_UP)
    assert answer.location == "/account/check-mail"  # the same as for a new address
    (mail,) = mails(session)
    assert "has an account already" in mail.body_text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"password": "short"}, "10"),
        ({"email": "no address"}, "mail"),
        ({"display_name": ""}, "Tell us what to call you"),
        ({"display_name": "<b>Ada</b>"}, "ordinary punctuation"),
    ],
)
def test_sign_up_refusals_keep_the_input(
    client: FlaskClient, session: Session, change: dict[str, str], message: str
) -> None:
    answer = client.post("/account/register", data=SIGN_UP | change)
    assert message in answer.text
    assert PASSWORD not in answer.text
    assert mails(session) == []
    assert session.scalars(select(User)).all() == []


def test_wrong_passwords_and_unknown_addresses_look_alike(client: FlaskClient, ada: User) -> None:
    for data in (
        {"email": "ada@example.com", "password": "wrong horse battery"},
        {"email": "nobody@example.com", "password": PASSWORD},
    ):
        answer = client.post("/account/login", data=data)
        assert answer.status_code < 500
        assert not signed_in(client)
        text = re.sub(r'value="[^"]*"', "", answer.text)
        assert "is not right" in text or "Authentication failed" in text


def test_logging_in_leads_back(client: FlaskClient, ada: User) -> None:
    data = {"email": "ADA@example.com", "password": PASSWORD}
    assert client.get("/sell/new").location.startswith("/account/login?next=")
    assert client.post("/account/login?next=/sell/new", data=data).location == "/sell/new"
    assert client.get("/account/logout").status_code == 405  # no link may log people out
    assert client.post("/account/logout").location == "/"
    assert not signed_in(client)
    elsewhere = client.post("/account/login?next=//evil.example/", data=data)
    assert "evil" not in (elsewhere.location or "")


def test_recovery(client: FlaskClient, session: Session, ada: User) -> None:
    client.post("/account/reset", data={"email": "ada@example.com"})
    client.post("/account/reset", data={"email": "nobody@example.com"})
    (mail,) = mails(session)
    address = link(mail)
    assert client.get(address).status_code == 200
    new = {"password": "another long horse", "password_confirm": "another long horse"}
    assert client.post(address, data=new).status_code == 302
    assert client.post(
        "/account/login", data={"email": "ada@example.com", "password": PASSWORD}
    ).location in (None, "/account/login")
    client.post(
        "/account/login", data={"email": "ada@example.com", "password": "another long horse"}
    )
    assert signed_in(client)
    # The link dies with the password it was for.
    used = client.get(address, follow_redirects=True)
    assert "not complete or has been used" in used.text or used.request.path == "/"


def test_expired_links_say_so_and_offer_a_fresh_one(
    app: Flask, client: FlaskClient, session: Session, ada: User
) -> None:
    client.post("/account/register", data=SIGN_UP | {"email": "bea@example.com"})
    client.post("/account/reset", data={"email": "ada@example.com"})
    welcome, reset = mails(session)
    app.config["SECURITY_CONFIRM_EMAIL_WITHIN"] = timedelta(seconds=-1)
    app.config["SECURITY_RESET_PASSWORD_WITHIN"] = timedelta(seconds=-1)
    for mail, path in ((welcome, "/account/confirm"), (reset, "/account/reset")):
        answer = client.get(link(mail), follow_redirects=True)
        assert "That link has expired" in answer.text
        assert answer.request.path == path
    assert not signed_in(client)
    for path in ("/account/confirm/nonsense", "/account/reset/nonsense"):
        answer = client.get(path, follow_redirects=True)
        assert "not complete or has been used" in answer.text


def test_every_page_of_security_is_ours(client: FlaskClient, ada: User) -> None:
    for path in ("login", "register", "reset", "confirm", "check-mail"):
        page = client.get(f"/account/{path}")
        assert page.status_code == 200
        assert "tokens" in page.text, path  # our design, not the library's bare page
    log_in(client, ada)
    assert "Change password" in client.get("/account/change").text


def test_changing_name_and_password(client: FlaskClient, session: Session, ada: User) -> None:
    log_in(client, ada)
    assert client.post("/account/", data={"display_name": "  Ada   L. "}).status_code == 302
    session.expire_all()
    assert session.get_one(User, ada.id).display_name == "Ada L."
    refused = client.post("/account/", data={"display_name": "x" * 61})
    assert refused.status_code == 422
    assert "At most 60" in refused.text
    change = {
        "password": PASSWORD,
        "new_password": "another long horse",
        "new_password_confirm": "another long horse",
    }
    assert client.post("/account/change", data=change).status_code == 302
    assert mails(session)[-1].subject == "Your Bracket password was changed"


def test_forms_from_elsewhere_are_refused(csrf_app: Flask, session: Session) -> None:
    answer = csrf_app.test_client().post("/account/register", data=SIGN_UP)
    assert answer.status_code == 400
    assert session.scalars(select(User)).all() == []
