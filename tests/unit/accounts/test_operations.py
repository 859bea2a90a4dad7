"""People, roles and profiles: once, whatever is repeated or raced."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.accounts import operations
from marketplace.accounts.models import RoleRow, SellerProfile, User
from marketplace.accounts.queries import seller_by_handle, user_by_email
from marketplace.core.errors import ConflictError, InvalidError
from marketplace.core.permissions import Permission, Role, granted
from marketplace.gateways.payments import PaymentUnavailableError, TransfersStatus
from tests.factories.accounts import make_seller, make_user


def test_addresses_are_one_account_in_any_case(session: Session) -> None:
    user = operations.create_user(session, " Ada@Example.com ", "!")
    assert (user.email, user.display_name) == ("ada@example.com", "ada")
    with pytest.raises(ConflictError):
        operations.create_user(session, "ADA@example.com", "!")
    assert user_by_email(session, "aDa@example.com") is user


def test_a_role_is_granted_once(session: Session) -> None:
    user = make_user(session)
    assert operations.grant_role(session, user, Role.MODERATOR)
    assert not operations.grant_role(session, user, Role.MODERATOR)
    other = make_user(session, Role.MODERATOR)
    assert session.scalar(select(func.count()).select_from(RoleRow)) == 1
    assert Permission.MODERATE_CASES_DECIDE in granted(other.role_names)
    assert granted(make_user(session).role_names) == frozenset()


@pytest.mark.parametrize(
    "handle", ["ab", "a" * 31, "-fox", "fox-", "a--b", "Fox", "fox_1", "föx", "admin", "", "a b"]
)
def test_handles_that_are_refused(session: Session, handle: str) -> None:
    user = make_user(session)
    with pytest.raises(InvalidError) as caught:
        operations.open_seller_profile(session, user, handle, "Fox")
    assert caught.value.field == "handle"
    assert user.role_names == []


def test_a_taken_handle_leaves_the_rest_of_the_work(session: Session) -> None:
    make_seller(session, handle="paper-fox")
    user = make_user(session)
    with pytest.raises(InvalidError, match="already"):
        operations.open_seller_profile(session, user, "paper-fox", "Fox")
    session.commit()  # the failed insert was undone by itself
    assert session.get(User, user.id) is not None
    assert session.get(SellerProfile, user.id) is None


def test_a_profile_is_opened_once(session: Session) -> None:
    user = make_user(session)
    first = operations.open_seller_profile(session, user, "paper-fox", "Fox")
    assert operations.open_seller_profile(session, user, "other", "Other") is first
    assert seller_by_handle(session, "paper-fox") is first
    assert user.seller is first
    assert user.role_names == ["seller"]


class Provider:
    """Answers, or does not."""

    def __init__(self) -> None:
        self.away = False
        self.calls: list[str] = []

    def create_seller_account(self, seller_id: str, email: str, name: str) -> str:
        self.calls.append(seller_id)
        if self.away:
            raise PaymentUnavailableError("no answer")
        return "acct_1"

    def transfers_status(self, account_id: str) -> TransfersStatus:
        if self.away:
            raise PaymentUnavailableError("no answer")
        return TransfersStatus.RESTRICTED


def test_connecting_asks_the_provider_until_it_answers(session: Session) -> None:
    profile = make_seller(session, status=TransfersStatus.NONE)
    provider = Provider()
    provider.away = True
    with pytest.raises(PaymentUnavailableError):
        operations.connect_account(provider, profile, "a@example.com")  # type: ignore[arg-type]
    assert (profile.stripe_account_id, profile.transfers_status) == (None, TransfersStatus.NONE)
    provider.away = False
    for _ in range(2):
        operations.connect_account(provider, profile, "a@example.com")  # type: ignore[arg-type]
    assert provider.calls == [profile.user_id] * 2  # the failure and the success
    assert profile.transfers_status is TransfersStatus.ONBOARDING
    operations.refresh_transfers_status(provider, profile)  # type: ignore[arg-type]
    assert profile.transfers_status is TransfersStatus.RESTRICTED
    provider.away = True
    with pytest.raises(PaymentUnavailableError):
        operations.refresh_transfers_status(provider, profile)  # type: ignore[arg-type]
    assert profile.transfers_status is TransfersStatus.RESTRICTED
