"""Tables of people, their roles, sellers' profiles and mail waiting to be sent."""

from __future__ import annotations

from typing import Any

from flask_security import RoleMixin, UserMixin
from sqlalchemy import CheckConstraint, Column, ForeignKey, String, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.columns import CreatedAt, Id, Moment, RefId, enum_column
from marketplace.core.database import Base
from marketplace.gateways.payments import TransfersStatus

users_roles = Table(
    "users_roles",
    Base.metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("role_id", ForeignKey("roles.id", ondelete="CASCADE"), primary_key=True),
)


class RoleRow(Base, RoleMixin):  # type: ignore[misc]
    """A role that can be granted; see core.permissions for what each allows."""

    __tablename__ = "roles"

    id: Mapped[Id]  # type: ignore[assignment]
    name: Mapped[str] = mapped_column(String(40), unique=True)


class User(Base, UserMixin):  # type: ignore[misc]
    """An account. Everyone with a confirmed address may buy."""

    __tablename__ = "users"
    __table_args__ = (CheckConstraint("email = lower(email)", name="email_is_lower_case"),)

    id: Mapped[Id]  # type: ignore[assignment]
    email: Mapped[str] = mapped_column(String(254), unique=True)
    password: Mapped[str | None] = mapped_column(String(255))
    display_name: Mapped[str] = mapped_column(String(60))
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    """Changes with the password; sessions and mail tokens die with the old one."""
    confirmed_at: Mapped[Moment | None]
    created_at: Mapped[CreatedAt]

    roles: Mapped[list[RoleRow]] = relationship(  # type: ignore[assignment]
        secondary=users_roles, lazy="selectin"
    )
    seller: Mapped[SellerProfile | None] = relationship(back_populates="user", lazy="selectin")

    def __init__(self, **values: Any) -> None:
        if not values.get("display_name"):
            values["display_name"] = str(values["email"]).partition("@")[0][:60]
        super().__init__(**values)

    @property
    def role_names(self) -> list[str]:
        """Names of the roles granted."""
        return [role.name for role in self.roles]


class SellerProfile(Base):
    """What a seller shows, and the connected account that is paid."""

    __tablename__ = "seller_profiles"

    user_id: Mapped[RefId] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    handle: Mapped[str] = mapped_column(String(40), unique=True)
    display_name: Mapped[str] = mapped_column(String(60))
    bio: Mapped[str] = mapped_column(Text, default="")
    links: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    """https addresses that the page shows; see shops.read_links."""
    stripe_account_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    transfers_status: Mapped[TransfersStatus] = mapped_column(
        enum_column(TransfersStatus, "transfers_status"), default=TransfersStatus.NONE
    )
    suspended_until: Mapped[Moment | None]
    """Until then the seller submits nothing; moderation.standing says why."""
    created_at: Mapped[CreatedAt]

    user: Mapped[User] = relationship(back_populates="seller")


class OutgoingMail(Base):
    """A message that must leave: the row first, the sending after; bodies are wiped once sent."""

    __tablename__ = "outgoing_mails"

    id: Mapped[Id]
    recipient: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(200))
    body_text: Mapped[str] = mapped_column(Text)
    body_html: Mapped[str | None] = mapped_column(Text)
    unsubscribe_url: Mapped[str | None] = mapped_column(String(300))
    """Where mail of this kind is switched off; null for mail that must come."""
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(String(200))
    next_attempt_at: Mapped[Moment | None] = mapped_column(index=True)
    """When it may be tried again; null once sent or given up."""
    sent_at: Mapped[Moment | None]
    created_at: Mapped[CreatedAt]
