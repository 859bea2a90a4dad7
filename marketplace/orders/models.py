"""Tables of orders, entitlements and the double-entry ledger; the sums are CHECKed."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.columns import (
    Cents,
    CreatedAt,
    Currency,
    EventColumns,
    Id,
    Moment,
    RefId,
    enum_column,
)
from marketplace.core.database import Base
from marketplace.listings.models import Listing, ListingVersion
from marketplace.orders.states import OrderState, TransferState


class Order(Base):
    """One purchase: what was agreed, and how the payment stands."""

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint("total_cents > 0", name="total_is_positive"),
        CheckConstraint("currency = 'usd'", name="currency_known"),
        CheckConstraint(
            "state <> 'paid' OR (paid_at IS NOT NULL AND charge_id IS NOT NULL)",
            name="paid_has_charge",
        ),
    )

    id: Mapped[Id]
    buyer_id: Mapped[RefId] = mapped_column(ForeignKey("users.id"), index=True)
    state: Mapped[OrderState] = mapped_column(
        enum_column(OrderState, "order_state"), default=OrderState.DRAFT, index=True
    )
    total_cents: Mapped[Cents]
    currency: Mapped[Currency]
    attempt: Mapped[int] = mapped_column(default=1)
    """Part of the checkout's idempotency key; counts only definite refusals."""
    checkout_session_id: Mapped[str | None] = mapped_column(String(120), unique=True)
    checkout_url: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[Moment]
    payment_intent_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    charge_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    stripe_fee_cents: Mapped[Cents | None]
    """Read from the balance transaction, never computed; null until known."""
    review_reason: Mapped[str | None] = mapped_column(String(200))
    polled_at: Mapped[Moment | None]
    created_at: Mapped[CreatedAt]
    paid_at: Mapped[Moment | None]

    lines: Mapped[list[OrderLine]] = relationship(back_populates="order", order_by="OrderLine.id")


class OrderLine(Base):
    """One listing in an order, with its price split to the cent."""

    __tablename__ = "order_lines"
    __table_args__ = (
        CheckConstraint("price_cents = commission_cents + seller_cents", name="split_is_exact"),
        CheckConstraint(
            "price_cents > 0 AND commission_cents >= 0 AND seller_cents >= 0", name="not_negative"
        ),
        CheckConstraint("currency = 'usd'", name="currency_known"),
        CheckConstraint(
            "(transfer_state = 'done') = (transfer_id IS NOT NULL)", name="done_has_transfer"
        ),
    )

    id: Mapped[Id]
    order_id: Mapped[RefId] = mapped_column(ForeignKey("orders.id"), index=True)
    listing_id: Mapped[RefId] = mapped_column(ForeignKey("listings.id"), index=True)
    version_id: Mapped[RefId] = mapped_column(ForeignKey("listing_versions.id"))
    seller_id: Mapped[RefId] = mapped_column(ForeignKey("seller_profiles.user_id"), index=True)
    title: Mapped[str] = mapped_column(String(80))
    price_cents: Mapped[Cents]
    commission_cents: Mapped[Cents]
    seller_cents: Mapped[Cents]
    currency: Mapped[Currency]
    transfer_state: Mapped[TransferState] = mapped_column(
        enum_column(TransferState, "transfer_state"), default=TransferState.NOT_DUE, index=True
    )
    transfer_attempt: Mapped[int] = mapped_column(default=1)
    """Part of the transfer's idempotency key; raised only after a definite refusal."""
    transfer_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    held_code: Mapped[str | None] = mapped_column(String(80))
    transfer_tried_at: Mapped[Moment | None]

    order: Mapped[Order] = relationship(back_populates="lines")
    listing: Mapped[Listing] = relationship()


class OrderEvent(Base, EventColumns):
    """Append-only history of an order's states."""

    __tablename__ = "order_events"

    order_id: Mapped[RefId] = mapped_column(ForeignKey("orders.id"), index=True)
    line_id: Mapped[RefId | None] = mapped_column(ForeignKey("order_lines.id"))
    """Set when the event concerns one line's transfer."""


class Entitlement(Base):
    """A buyer's right to a version of a listing's prompt."""

    __tablename__ = "entitlements"
    __table_args__ = (
        # Buying the same thing twice cannot be recorded, whatever raced.
        Index("uq_entitlements_buyer_listing", "buyer_id", "listing_id", unique=True),
    )

    id: Mapped[Id]
    buyer_id: Mapped[RefId] = mapped_column(ForeignKey("users.id"))
    listing_id: Mapped[RefId] = mapped_column(ForeignKey("listings.id"), index=True)
    version_id: Mapped[RefId] = mapped_column(ForeignKey("listing_versions.id"))
    line_id: Mapped[RefId] = mapped_column(ForeignKey("order_lines.id"), unique=True)
    created_at: Mapped[CreatedAt]

    listing: Mapped[Listing] = relationship()
    version: Mapped[ListingVersion] = relationship()
    line: Mapped[OrderLine] = relationship()


class LedgerEntry(Base):
    """One fact about money, booked exactly once: ``external_id`` is unique."""

    __tablename__ = "ledger_entries"

    id: Mapped[Id]
    external_id: Mapped[str] = mapped_column(String(120), unique=True)
    """Names the outside object: charge:ch_…, fee:txn_…, transfer:tr_…"""
    kind: Mapped[str] = mapped_column(String(40))
    order_id: Mapped[RefId | None] = mapped_column(ForeignKey("orders.id"), index=True)
    created_at: Mapped[CreatedAt]

    postings: Mapped[list[LedgerPosting]] = relationship(
        back_populates="entry", order_by="LedgerPosting.account"
    )


class LedgerPosting(Base):
    """One leg of an entry: + debit, - credit. A trigger holds every entry's sum at zero."""

    __tablename__ = "ledger_postings"
    __table_args__ = (
        CheckConstraint("amount_cents <> 0", name="amount_not_zero"),
        CheckConstraint("currency = 'usd'", name="currency_known"),
        Index("ix_ledger_postings_account", "account"),
    )

    id: Mapped[Id]
    entry_id: Mapped[RefId] = mapped_column(ForeignKey("ledger_entries.id"), index=True)
    account: Mapped[str] = mapped_column(String(80))
    """stripe_balance, seller_payable:<seller id>, commission, stripe_fees."""
    amount_cents: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[Currency]

    entry: Mapped[LedgerEntry] = relationship(back_populates="postings")
