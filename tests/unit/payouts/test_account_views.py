"""The account page: to the provider's form and back, through silence, restriction and closing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.container import Services
from marketplace.gateways.payments import (
    PaymentError,
    PaymentUnavailableError,
    Requirement,
    SellerAccount,
    TransfersStatus,
)
from tests.factories.accounts import make_seller
from tests.fixtures.app import log_in


@dataclass
class FakeProvider:
    """The sellers' side of a payment provider; one account per seller, as keys make it."""

    away: bool = False
    status: TransfersStatus = TransfersStatus.ACTIVE
    closed: bool = False
    requirements: Sequence[Requirement] = ()
    accounts: dict[str, str] = field(default_factory=dict)
    onboarded: bool = True

    def create_seller_account(self, seller_id: str, email: str, name: str) -> str:
        self._answer()
        return self.accounts.setdefault(seller_id, f"acct_{seller_id}")

    def onboarding_url(self, account_id: str, return_url: str, refresh_url: str) -> str:
        self._answer()
        return f"https://connect.example/{account_id}?back={return_url}&again={refresh_url}"

    def seller_account(self, account_id: str) -> SellerAccount:
        self._answer()
        return SellerAccount(account_id, self.status, self.closed, tuple(self.requirements))

    def login_url(self, account_id: str) -> str:
        self._answer()
        if not self.onboarded:
            raise PaymentError("refused", "not_onboarded")
        return f"https://connect.example/express/{account_id}"

    def _answer(self) -> None:
        if self.away:
            raise PaymentUnavailableError("no answer")


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider()


@pytest.fixture
def seller(session: Session) -> SellerProfile:
    """Somebody who has opted in, and no more."""
    profile = make_seller(session, status=TransfersStatus.NONE)
    session.commit()
    return profile


@pytest.fixture
def client(
    app: Flask, services: Services, provider: FakeProvider, seller: SellerProfile
) -> FlaskClient:
    app.extensions["bracket"] = replace(services, payments=provider)  # type: ignore[arg-type]
    return log_in(app.test_client(), seller.user)


def now_of(session: Session, seller: SellerProfile) -> SellerProfile:
    session.expire_all()
    return session.get_one(SellerProfile, seller.user_id)


def test_there_and_back(
    client: FlaskClient, session: Session, seller: SellerProfile, provider: FakeProvider
) -> None:
    page = client.get("/sell/onboarding").text
    assert "Set up payouts" in page
    assert "Continue to Stripe" in page
    answer = client.post("/sell/onboarding")
    assert answer.status_code == 303
    assert answer.location == (
        f"https://connect.example/acct_{seller.user_id}"
        "?back=http://localhost/sell/onboarding/return"
        "&again=http://localhost/sell/onboarding/refresh"
    )
    assert now_of(session, seller).transfers_status is TransfersStatus.ONBOARDING
    back = client.get("/sell/onboarding/return", follow_redirects=True)
    assert "Payouts are set up" in back.text
    assert "Continue to Stripe" not in back.text
    assert now_of(session, seller).transfers_status is TransfersStatus.ACTIVE
    assert len(provider.accounts) == 1


def test_an_old_link_leads_to_a_new_one(client: FlaskClient, seller: SellerProfile) -> None:
    answer = client.get("/sell/onboarding/refresh")
    assert answer.status_code == 302
    assert answer.location.startswith(f"https://connect.example/acct_{seller.user_id}")


def test_what_is_missing_is_listed_with_where_to_give_it(
    client: FlaskClient, provider: FakeProvider
) -> None:
    client.post("/sell/onboarding")
    provider.status = TransfersStatus.ONBOARDING
    provider.requirements = [
        Requirement("defaults.payout_methods", True, "currently_due"),
        Requirement(
            "identity.individual.documents.primary_verification", True, "past_due",
            "verification_document_expired",
        ),
    ]  # fmt: skip
    page = client.get("/sell/onboarding/return", follow_redirects=True).text
    needs = page.partition('id="needs"')[2].partition("</ul>")[0]
    assert needs.index("passport") < needs.index("The bank account that you are paid to")
    assert "The document has expired." in needs
    assert "Overdue" in needs
    assert "Continue to Stripe" in page


@pytest.mark.parametrize(
    ("status", "closed", "heading", "form", "own_page"),
    [
        (TransfersStatus.PENDING, False, "Stripe is checking your details", False, True),
        (TransfersStatus.RESTRICTED, False, "Stripe has restricted your account", True, True),
        (TransfersStatus.REJECTED, False, "Stripe has rejected your account", False, False),
        (TransfersStatus.REJECTED, True, "Your account at Stripe is closed", False, False),
    ],
)
def test_every_end_in_words(
    client: FlaskClient,
    provider: FakeProvider,
    status: TransfersStatus,
    closed: bool,
    heading: str,
    form: bool,
    own_page: bool,
) -> None:
    client.post("/sell/onboarding")
    provider.status, provider.closed = status, closed
    page = client.get("/sell/onboarding/return", follow_redirects=True).text
    assert heading in page
    assert ('action="/sell/onboarding"' in page) is form
    assert ("Open your page at Stripe" in page) is own_page


def test_a_silent_provider_costs_nothing_but_time(
    client: FlaskClient, session: Session, seller: SellerProfile, provider: FakeProvider
) -> None:
    provider.away = True
    for visit in (client.post, client.get):
        path = "/sell/onboarding" if visit == client.post else "/sell/onboarding/return"
        page = visit(path, follow_redirects=True).text
        if visit == client.post:
            assert "does not answer just now" in page
    assert now_of(session, seller).stripe_account_id is None
    provider.away = False
    assert client.post("/sell/onboarding").status_code == 303
    assert now_of(session, seller).stripe_account_id == f"acct_{seller.user_id}"
    provider.away = True
    page = client.get("/sell/onboarding/return", follow_redirects=True).text
    assert "does not answer just now" in page


def test_the_own_page_at_the_provider(
    client: FlaskClient, seller: SellerProfile, provider: FakeProvider
) -> None:
    assert client.post("/sell/onboarding/dashboard").location == "/sell/onboarding"
    client.post("/sell/onboarding")
    provider.onboarded = False
    assert client.post("/sell/onboarding/dashboard").location == "/sell/onboarding"
    provider.onboarded = True
    answer = client.post("/sell/onboarding/dashboard")
    assert answer.location == f"https://connect.example/express/acct_{seller.user_id}"


def test_strangers_and_buyers_find_nothing(app: Flask, services: Services) -> None:
    stranger = app.test_client()
    for path in ("onboarding", "balance", "sales", "payouts", "statements", "sales/0123456789abc"):
        assert "/account/login" in stranger.get(f"/sell/{path}").location
