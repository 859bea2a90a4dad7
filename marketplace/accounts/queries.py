"""Reads about people and sellers."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import RoleRow, SellerProfile, User


def user_by_email(session: Session, email: str) -> User | None:
    """The account with this address, in any case of letters."""
    return session.scalar(select(User).where(User.email == email.strip().lower()))


def role_named(session: Session, name: str) -> RoleRow:
    """A role's row. Raises NoResultFound when it was never granted."""
    return session.scalars(select(RoleRow).where(RoleRow.name == name)).one()


def seller_profile(session: Session, user_id: str) -> SellerProfile | None:
    """The profile of a seller, None for everyone else."""
    return session.scalar(select(SellerProfile).where(SellerProfile.user_id == user_id))


def seller_by_handle(session: Session, handle: str) -> SellerProfile | None:
    """The seller with this handle."""
    return session.scalar(select(SellerProfile).where(SellerProfile.handle == handle))
