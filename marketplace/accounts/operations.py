"""The verbs of accounts: people, roles and sellers' profiles. Nothing here commits."""

from __future__ import annotations

import re
import secrets

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.accounts.models import RoleRow, SellerProfile, User
from marketplace.accounts.queries import role_named, seller_profile
from marketplace.core.clock import now
from marketplace.core.errors import ConflictError, InvalidError
from marketplace.core.permissions import Role
from marketplace.gateways.payments import PaymentGateway, TransfersStatus

_HANDLE = re.compile(r"[a-z0-9](?:-?[a-z0-9]){2,29}")
RESERVED_HANDLES = frozenset(
    {"about", "account", "admin", "api", "bracket", "help", "house", "ledger", "library", "login"}
    | {"moderate", "moderator", "new", "official", "proof", "sell", "settings", "staff"}
    | {"support", "team"}
)


def create_user(
    session: Session, email: str, password_hash: str, display_name: str = "", confirmed: bool = True
) -> User:
    """An account made by staff or demo data; people sign up through Flask-Security.

    Raises:
        ConflictError: when the address has an account already.
    """
    user = User(
        email=email.strip().lower(),
        password=password_hash,
        display_name=display_name,
        active=True,
        fs_uniquifier=secrets.token_hex(32),
        confirmed_at=now() if confirmed else None,
    )
    try:
        with session.begin_nested():
            session.add(user)
    except IntegrityError:
        raise ConflictError("This address has an account already.") from None
    return user


def grant_role(session: Session, user: User, role: Role) -> bool:
    """Give a person a role; False when they had it."""
    if role.value in user.role_names:
        return False
    session.execute(insert(RoleRow).values(name=role.value).on_conflict_do_nothing())
    user.roles.append(role_named(session, role.value))
    session.flush()
    return True


def change_display_name(user: User, name: str) -> None:
    """Set the name that others see."""
    user.display_name = name


def handle_problem(handle: str) -> str | None:
    """What is wrong with the form of a handle, or None."""
    if _HANDLE.fullmatch(handle) is None:
        return "Use 3 to 30 small letters, digits and single hyphens, for example paper-fox."
    if handle in RESERVED_HANDLES:
        return "This name is kept for the site itself. Choose another."
    return None


def open_seller_profile(
    session: Session, user: User, handle: str, display_name: str
) -> SellerProfile:
    """Make a person a seller: the profile and the role. Doing it twice gives the same profile.

    Raises:
        InvalidError: when the handle is malformed or taken.
    """
    known = seller_profile(session, user.id)
    if known is not None:
        return known
    problem = handle_problem(handle)
    if problem is not None:
        raise InvalidError(problem, "bad_handle", field="handle")
    profile = SellerProfile(
        user_id=user.id,
        handle=handle,
        display_name=display_name,
        bio="",
        transfers_status=TransfersStatus.NONE,
    )
    try:
        with session.begin_nested():
            session.add(profile)
    except IntegrityError:
        # Either somebody has the handle, or another tab of this person was faster.
        known = seller_profile(session, user.id)
        if known is not None:
            return known
        raise InvalidError(
            "Somebody sells under this name already. Choose another.",
            "handle_taken",
            field="handle",
        ) from None
    session.refresh(user, ["seller"])
    grant_role(session, user, Role.SELLER)
    return profile


def connect_account(payments: PaymentGateway, profile: SellerProfile, email: str) -> str:
    """Open the connected account that the seller is paid to, unless there is one.

    The profile's row must be committed before: the provider's key is made from its id, so a
    crash after the call and before the next commit opens no second account.

    Raises:
        PaymentError, PaymentUnavailableError: nothing is recorded then; call again later.
    """
    if profile.stripe_account_id is None:
        profile.stripe_account_id = payments.create_seller_account(
            profile.user_id, email, profile.display_name
        )
        profile.transfers_status = TransfersStatus.ONBOARDING
    return profile.stripe_account_id


def refresh_transfers_status(payments: PaymentGateway, profile: SellerProfile) -> TransfersStatus:
    """Ask the provider whether the seller can be paid, and remember the answer.

    Raises:
        PaymentError, PaymentUnavailableError: the remembered status stays.
    """
    if profile.stripe_account_id is not None:
        profile.transfers_status = payments.transfers_status(profile.stripe_account_id)
    return profile.transfers_status
