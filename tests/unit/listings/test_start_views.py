"""Opting in to selling: the row first, the provider's account after, again after a failure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile, User
from marketplace.accounts.queries import seller_profile
from marketplace.core.container import Services
from marketplace.gateways.payments import PaymentUnavailableError, TransfersStatus
from tests.factories.accounts import make_seller, make_user
from tests.fixtures.app import app_over, log_in

FORM = {"display_name": "Paper Fox", "handle": "Paper-Fox", "terms": "y"}


@dataclass
class FakeProvider:
    """The sellers' side of a payment provider; keeps one account per seller, as keys make it."""

    away: bool = False
    accounts: dict[str, str] = field(default_factory=dict)

    def create_seller_account(self, seller_id: str, email: str, name: str) -> str:
        self._answer()
        return self.accounts.setdefault(seller_id, f"acct_{seller_id}")

    def _answer(self) -> None:
        if self.away:
            raise PaymentUnavailableError("no answer")


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider()


@pytest.fixture
def client(services: Services, provider: FakeProvider) -> FlaskClient:
    own = replace(services, payments=provider)  # type: ignore[arg-type]
    return app_over(own).test_client()


@pytest.fixture
def person(session: Session) -> User:
    user = make_user(session)
    session.commit()
    return user


def profile_of(session: Session, user: User) -> SellerProfile | None:
    session.expire_all()
    return seller_profile(session, user.id)


def test_strangers_and_buyers_see_what_selling_means(client: FlaskClient, person: User) -> None:
    assert "Sign up to sell" in client.get("/sell").text
    assert "Start selling" in log_in(client, person).get("/sell").text
    assert client.get("/sell/new").status_code == 404


def test_opting_in_opens_a_shop_and_an_account(
    client: FlaskClient, session: Session, person: User, provider: FakeProvider
) -> None:
    log_in(client, person)
    answer = client.post("/sell/start", data=FORM)
    assert answer.location == "/sell/onboarding"
    profile = profile_of(session, person)
    assert profile is not None
    assert (profile.handle, profile.stripe_account_id) == ("paper-fox", f"acct_{person.id}")
    assert profile.transfers_status is TransfersStatus.ONBOARDING
    assert "seller" in session.get_one(User, person.id).role_names
    assert client.get("/sell/new").status_code == 200


def test_a_silent_provider_costs_nothing_but_time(
    client: FlaskClient, session: Session, person: User, provider: FakeProvider
) -> None:
    log_in(client, person)
    provider.away = True
    assert client.post("/sell/start", data=FORM).location == "/sell/onboarding"
    profile = profile_of(session, person)
    assert profile is not None
    assert profile.stripe_account_id is None
    page = client.get("/sell/onboarding").text
    assert "does not answer just now" in page
    assert "Set up payouts" in page


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"handle": "ab"}, "3 to 30 small letters"),
        ({"handle": "paper--fox"}, "single hyphens"),
        ({"handle": "admin"}, "kept for the site"),
        ({"handle": "taken"}, "sells under this name already"),
        ({"handle": "pаper"}, "small letters"),  # a Cyrillic а
        ({"display_name": "Fox\u202exof"}, "ordinary punctuation"),
        ({"display_name": ""}, "Give your shop a name"),
        ({"terms": ""}, "agree"),
    ],
)
def test_refusals(
    client: FlaskClient, session: Session, person: User, change: dict[str, str], message: str
) -> None:
    make_seller(session, handle="taken")
    session.commit()
    answer = log_in(client, person).post("/sell/start", data=FORM | change)
    assert answer.status_code == 422
    assert message in answer.text
    assert profile_of(session, person) is None
    assert session.get_one(User, person.id).role_names == []


def test_opting_in_twice_is_opting_in_once(
    client: FlaskClient, session: Session, person: User, provider: FakeProvider
) -> None:
    log_in(client, person).post("/sell/start", data=FORM)
    answer = client.post("/sell/start", data=FORM | {"handle": "another"})
    assert answer.location == "/sell"
    profile = profile_of(session, person)
    assert profile is not None
    assert profile.handle == "paper-fox"
    assert len(provider.accounts) == 1
