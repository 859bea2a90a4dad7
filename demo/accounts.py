"""The demo's people: accounts with the one local password, shop fronts, somewhere to be paid."""

from __future__ import annotations

from flask_security import hash_password
from sqlalchemy.orm import Session

from demo.loopback import submit
from demo.people import DEMO_PASSWORD
from demo.script import DemoScript, SellerScript
from marketplace.accounts import operations
from marketplace.accounts.models import User
from marketplace.accounts.queries import seller_profile, user_by_email
from marketplace.core.container import Services
from marketplace.core.permissions import Role
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.payments import TransfersStatus


def ensure_people(services: Services, script: DemoScript) -> int:
    """Make every account that is missing; returns how many were. Repeating is harmless."""
    made = 0
    for email, person, role in script.staff:
        made += _ensure_user(services, email, person, Role(role))
    for buyer in script.buyers:
        made += _ensure_user(services, buyer.email, buyer.person)
    for seller in script.sellers:
        made += _ensure_user(services, seller.email, seller.person)
        _ensure_shop(services, seller)
    return made


def ensure_payable(services: Services, seller: SellerScript) -> bool:
    """Take a seller through the payment provider's onboarding; True when they can be paid.

    Raises:
        PaymentError, PaymentUnavailableError: the next call goes on where this one ended.
    """
    with unit_of_work(services.database) as session:
        profile = seller_profile(session, _user(session, seller.email).id)
        if profile is None or not seller.paid:
            return False
        if profile.transfers_status is TransfersStatus.ACTIVE:
            return True
        # The profile was committed by ensure_people, as connect_account demands.
        account_id = operations.connect_account(services.payments, profile, seller.email)
    site = services.settings.public_url
    address = services.payments.onboarding_url(
        account_id,
        return_url=f"{site}/sell/onboarding/return",
        refresh_url=f"{site}/sell/onboarding",
    )
    submit(address, {})
    with unit_of_work(services.database) as session:
        profile = seller_profile(session, _user(session, seller.email).id)
        if profile is None:
            return False
        status = operations.refresh_transfers_status(services.payments, profile)
        return status is TransfersStatus.ACTIVE


def _ensure_user(services: Services, email: str, person: str, role: Role | None = None) -> int:
    with unit_of_work(services.database) as session:
        user = user_by_email(session, email)
        known = user is not None
        if user is None:
            user = operations.create_user(session, email, hash_password(DEMO_PASSWORD), person)
        if role is not None:
            operations.grant_role(session, user, role)
    return 0 if known else 1


def _ensure_shop(services: Services, seller: SellerScript) -> None:
    with unit_of_work(services.database) as session:
        user = _user(session, seller.email)
        if user.seller is None:
            profile = operations.open_seller_profile(session, user, seller.handle, seller.name)
            profile.bio = seller.bio


def _user(session: Session, email: str) -> User:
    user = user_by_email(session, email)
    if user is None:
        raise LookupError(f"{email} has no account yet")
    return user
