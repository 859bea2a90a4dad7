"""Tables of trouble with payments: disputes, fraud warnings, refused cards."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.columns import (
    Cents,
    CreatedAt,
    Currency,
    EventColumns,
    Id,
    Json,
    Moment,
    RefId,
)
from marketplace.core.database import Base
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.states import DISPUTE_ANSWERABLE, DISPUTE_OPEN


class Dispute(Base):
    """A buyer's bank takes a payment back, or asks about it. Copied from Stripe at each news."""

    __tablename__ = "disputes"
    __table_args__ = (CheckConstraint("currency = 'usd'", name="currency_known"),)

    id: Mapped[Id]
    dispute_id: Mapped[str] = mapped_column(String(64), unique=True)
    """Stripe's du_… (or dp_…)."""
    order_id: Mapped[RefId] = mapped_column(ForeignKey("orders.id"), index=True)
    charge_id: Mapped[str] = mapped_column(String(64), index=True)
    cents: Mapped[Cents]
    currency: Mapped[Currency]
    reason: Mapped[str] = mapped_column(String(60))
    """Stripe's word: fraudulent, product_not_received …"""
    status: Mapped[str] = mapped_column(String(40), index=True)
    """One of states.DisputeStatus, or a word invented since (an alert is raised then)."""
    withdrawn_cents: Mapped[Cents] = mapped_column(default=0)
    """What the bank holds now, by the dispute's balance transactions; fees apart."""
    fee_cents: Mapped[Cents] = mapped_column(default=0)
    due_by: Mapped[Moment | None]
    evidence: Mapped[Json]
    """What was gathered or written by us, under Stripe's field names; never a prompt's text."""
    submitted_at: Mapped[Moment | None]
    submitted_by: Mapped[str | None] = mapped_column(String(13))
    """Null when it was sent by itself, close to the deadline."""
    accepted_at: Mapped[Moment | None]
    accepted_by: Mapped[str | None] = mapped_column(String(13))
    evidence_sent: Mapped[bool] = mapped_column(default=False)
    """Whether Stripe says that it has our evidence."""
    asked_at: Mapped[Moment | None]
    """When the sweep last asked Stripe about it."""
    opened_at: Mapped[Moment]
    closed_at: Mapped[Moment | None]
    created_at: Mapped[CreatedAt]

    order: Mapped[Order] = relationship()
    lines: Mapped[list[DisputeLine]] = relationship(
        back_populates="dispute", order_by="DisputeLine.line_id"
    )

    @property
    def is_open(self) -> bool:
        """True while the bank has the money and has not decided."""
        return self.status in DISPUTE_OPEN

    @property
    def can_be_answered(self) -> bool:
        """True while evidence may still be sent."""
        return self.status in DISPUTE_ANSWERABLE and self.submitted_at is None


class DisputeLine(Base):
    """How a dispute falls on one line of the order; fixed when the money is withdrawn."""

    __tablename__ = "dispute_lines"
    __table_args__ = (
        Index("uq_dispute_lines_line", "dispute_id", "line_id", unique=True),
        CheckConstraint(
            "cents = seller_cents + commission_cents AND seller_cents >= 0"
            " AND commission_cents >= 0 AND tax_cents >= 0",
            name="split_is_exact",
        ),
        CheckConstraint("held_cents BETWEEN 0 AND seller_cents", name="held_at_most_share"),
        CheckConstraint("currency = 'usd'", name="currency_known"),
    )

    id: Mapped[Id]
    dispute_id: Mapped[RefId] = mapped_column(ForeignKey("disputes.id"))
    line_id: Mapped[RefId] = mapped_column(ForeignKey("order_lines.id"), index=True)
    cents: Mapped[Cents]
    """Part of the price in dispute."""
    tax_cents: Mapped[Cents]
    seller_cents: Mapped[Cents]
    commission_cents: Mapped[Cents]
    held_cents: Mapped[Cents] = mapped_column(default=0)
    """Called back from the seller and kept in seller_held until the bank decides."""
    currency: Mapped[Currency]
    lost: Mapped[bool] = mapped_column(default=False)
    returned: Mapped[bool] = mapped_column(default=False)

    dispute: Mapped[Dispute] = relationship(back_populates="lines")
    line: Mapped[OrderLine] = relationship()


class DisputeEvent(Base, EventColumns):
    """Append-only history of a dispute."""

    __tablename__ = "dispute_events"

    dispute_id: Mapped[RefId] = mapped_column(ForeignKey("disputes.id"), index=True)


class FraudWarning(Base):
    """An issuer says that a payment looks fraudulent; what we did about it."""

    __tablename__ = "fraud_warnings"

    id: Mapped[Id]
    warning_id: Mapped[str] = mapped_column(String(64), unique=True)
    """Stripe's issfr_…"""
    order_id: Mapped[RefId] = mapped_column(ForeignKey("orders.id"), index=True)
    charge_id: Mapped[str] = mapped_column(String(64))
    fraud_type: Mapped[str] = mapped_column(String(60))
    actionable: Mapped[bool]
    refunded: Mapped[bool]
    """Whether it led to a refund; not where a dispute was open already."""
    created_at: Mapped[CreatedAt]


class PaymentAttempt(Base):
    """One try of a card, refused or not: what limits on card testing count."""

    __tablename__ = "payment_attempts"

    id: Mapped[Id]
    order_id: Mapped[RefId] = mapped_column(ForeignKey("orders.id"), index=True)
    buyer_id: Mapped[RefId] = mapped_column(ForeignKey("users.id"), index=True)
    charge_id: Mapped[str] = mapped_column(String(80), unique=True)
    """Of the failed or succeeded charge; of the payment intent's error where none was made."""
    succeeded: Mapped[bool]
    code: Mapped[str | None] = mapped_column(String(80))
    card_fingerprint: Mapped[str | None] = mapped_column(String(40), index=True)
    card_country: Mapped[str | None] = mapped_column(String(2))
    address_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    at: Mapped[CreatedAt]


class LibraryAccess(Base):
    """Somebody opened what they had bought: evidence that it was delivered."""

    __tablename__ = "library_accesses"

    id: Mapped[Id]
    entitlement_id: Mapped[RefId] = mapped_column(ForeignKey("entitlements.id"), index=True)
    address_hash: Mapped[str | None] = mapped_column(String(64))
    at: Mapped[CreatedAt]
