"""People and sellers."""

from __future__ import annotations

import itertools

from sqlalchemy.orm import Session

from marketplace.accounts import operations
from marketplace.accounts.models import SellerProfile, User
from marketplace.core.ids import new_id
from marketplace.core.permissions import Role
from marketplace.gateways.payments import TransfersStatus

_numbers = itertools.count(1)


def make_user(
    session: Session, *roles: Role, email: str | None = None, name: str = "", password: str = "!"
) -> User:
    """A confirmed account with the given roles; nobody can log in with the password "!"."""
    address = email or f"person{next(_numbers)}-{new_id()}@example.com"
    user = operations.create_user(session, address, password, name)
    for role in roles:
        operations.grant_role(session, user, role)
    return user


def make_seller(
    session: Session,
    name: str = "Paper Fox",
    handle: str | None = None,
    status: TransfersStatus = TransfersStatus.ACTIVE,
) -> SellerProfile:
    """A seller with the role, a profile and a connected account in the given state."""
    user = make_user(session, name=name)
    profile = operations.open_seller_profile(session, user, handle or f"s-{new_id()}", name)
    profile.transfers_status = status
    if status is not TransfersStatus.NONE:
        profile.stripe_account_id = f"acct_{user.id}"
    session.flush()
    return profile
