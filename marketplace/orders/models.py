"""Tables of orders, entitlements and the double-entry ledger; the sums are CHECKed."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, text
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
from marketplace.offers.models import Bundle, DiscountCode
from marketplace.orders.states import EntitlementState, OrderState, TransferState

_ZERO = text("0")


class Order(Base):
    """One purchase: what was agreed, and how the payment stands."""

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint("total_cents > 0", name="total_is_positive"),
        CheckConstraint("currency = 'usd'", name="currency_known"),
        CheckConstraint(
            "state NOT IN ('paid', 'partially_refunded', 'charged_back')"
            " OR (paid_at IS NOT NULL AND charge_id IS NOT NULL)",
            name="paid_has_charge",
        ),
        CheckConstraint("tax_cents >= 0", name="tax_not_negative"),
        CheckConstraint(
            "refunded_cents BETWEEN 0 AND greatest(total_cents + tax_cents, arrived_cents)",
            name="refunded_at_most_paid",
        ),
    )

    id: Mapped[Id]
    buyer_id: Mapped[RefId] = mapped_column(ForeignKey("users.id"), index=True)
    state: Mapped[OrderState] = mapped_column(
        enum_column(OrderState, "order_state"), default=OrderState.DRAFT, index=True
    )
    total_cents: Mapped[Cents]
    """Sum of the lines' prices, without tax."""
    tax_cents: Mapped[Cents] = mapped_column(default=0, server_default=_ZERO)
    """What the provider added for tax; read from it, never computed."""
    refunded_cents: Mapped[Cents] = mapped_column(default=0, server_default=_ZERO)
    """What went back to the buyer, tax included."""
    arrived_cents: Mapped[Cents] = mapped_column(default=0, server_default=_ZERO)
    """What the charge brought, tax included; for orders in review not what was asked."""
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

    billing_name: Mapped[str | None] = mapped_column(String(120))
    """Billing details as they were at checkout: later changes of a person's do not reach here."""
    billing_country: Mapped[str | None] = mapped_column(String(2))
    billing_line1: Mapped[str | None] = mapped_column(String(200))
    billing_line2: Mapped[str | None] = mapped_column(String(200))
    billing_city: Mapped[str | None] = mapped_column(String(100))
    billing_postal_code: Mapped[str | None] = mapped_column(String(20))
    billing_state: Mapped[str | None] = mapped_column(String(60))
    billing_tax_id: Mapped[str | None] = mapped_column(String(40))
    terms_accepted_at: Mapped[Moment | None]
    terms_version: Mapped[str | None] = mapped_column(String(40))
    buyer_address_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    """Keyed hash of the network address, for limits on card testing; see orders.risk."""
    card_fingerprint: Mapped[str | None] = mapped_column(String(40), index=True)
    card_country: Mapped[str | None] = mapped_column(String(2))
    card_brand: Mapped[str | None] = mapped_column(String(30))
    card_last4: Mapped[str | None] = mapped_column(String(4))

    lines: Mapped[list[OrderLine]] = relationship(
        back_populates="order", order_by="(OrderLine.position, OrderLine.id)"
    )

    @property
    def paid_cents(self) -> int:
        """What the buyer paid, tax included."""
        return self.total_cents + self.tax_cents


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
            "transfer_state <> 'done' OR transfer_id IS NOT NULL OR netted_cents > 0",
            name="done_has_transfer",
        ),
        CheckConstraint(
            # In a bundle a line's share may come to its listed price.
            "discount_cents >= 0 AND num_nonnulls(sale_id, code_id, bundle_id) <= 1"
            " AND CASE WHEN discount_cents = 0 THEN num_nonnulls(sale_id, code_id) = 0"
            " ELSE num_nonnulls(sale_id, code_id, bundle_id) = 1 END",
            name="discount_has_one_cause",
        ),
        CheckConstraint("NOT referred OR commission_cents = 0", name="referred_is_free"),
        Index("ix_order_lines_code_id", "code_id", postgresql_where=text("code_id IS NOT NULL")),
        CheckConstraint("transfer_state <> 'held' OR held_code IS NOT NULL", name="held_says_why"),
        CheckConstraint(
            "refunded_cents BETWEEN 0 AND price_cents"
            " AND refunded_tax_cents BETWEEN 0 AND tax_cents"
            " AND refunded_seller_cents BETWEEN 0 AND seller_cents"
            " AND refunded_cents - refunded_seller_cents BETWEEN 0 AND commission_cents",
            name="refunded_at_most_paid",
        ),
        CheckConstraint(
            "transferred_cents >= 0 AND netted_cents >= 0 AND reversed_cents >= 0"
            " AND recovered_cents >= 0 AND transferred_cents + netted_cents"
            " - reversed_cents - recovered_cents BETWEEN 0 AND seller_cents",
            name="seller_gets_at_most_the_share",
        ),
    )

    id: Mapped[Id]
    order_id: Mapped[RefId] = mapped_column(ForeignKey("orders.id"), index=True)
    listing_id: Mapped[RefId] = mapped_column(ForeignKey("listings.id"), index=True)
    version_id: Mapped[RefId] = mapped_column(ForeignKey("listing_versions.id"))
    seller_id: Mapped[RefId] = mapped_column(ForeignKey("seller_profiles.user_id"), index=True)
    title: Mapped[str] = mapped_column(String(80))
    position: Mapped[int] = mapped_column(default=0, server_default=_ZERO)
    price_cents: Mapped[Cents]
    """What the buyer pays for it, without tax: every refund and share is counted from this."""
    discount_cents: Mapped[Cents] = mapped_column(default=0, server_default=_ZERO)
    """How far that lay below the listed price when the order was made."""
    sale_id: Mapped[RefId | None] = mapped_column(ForeignKey("timed_sales.id"))
    code_id: Mapped[RefId | None] = mapped_column(ForeignKey("discount_codes.id"))
    bundle_id: Mapped[RefId | None] = mapped_column(ForeignKey("bundles.id"), index=True)
    referred: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """Sold through the seller's own link, while such sales cost no commission."""
    commission_cents: Mapped[Cents]
    seller_cents: Mapped[Cents]
    tax_cents: Mapped[Cents] = mapped_column(default=0, server_default=_ZERO)
    currency: Mapped[Currency]
    refunded_cents: Mapped[Cents] = mapped_column(default=0, server_default=_ZERO)
    """Part of the price that was given back and booked; tax apart."""
    refunded_seller_cents: Mapped[Cents] = mapped_column(default=0, server_default=_ZERO)
    """What of the refunds the seller's share bore, as booked; the commission bore the rest."""
    refunded_tax_cents: Mapped[Cents] = mapped_column(default=0, server_default=_ZERO)
    transferred_cents: Mapped[Cents] = mapped_column(default=0, server_default=_ZERO)
    """Sent to the seller, over all transfers of this line."""
    netted_cents: Mapped[Cents] = mapped_column(default=0, server_default=_ZERO)
    """Kept back from this line's share to pay the seller's older debts."""
    reversed_cents: Mapped[Cents] = mapped_column(default=0, server_default=_ZERO)
    """Called back from the seller."""
    recovered_cents: Mapped[Cents] = mapped_column(default=0, server_default=_ZERO)
    """Could not be called back; kept from later sales instead, or written off."""
    transfer_state: Mapped[TransferState] = mapped_column(
        enum_column(TransferState, "transfer_state"), default=TransferState.NOT_DUE, index=True
    )
    transfer_attempt: Mapped[int] = mapped_column(default=1)
    """Part of the transfer's idempotency key; raised only after a definite refusal."""
    transfer_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    """The newest transfer; all of them are in line_transfers."""
    held_code: Mapped[str | None] = mapped_column(String(80))
    """One of orders.holds.HoldCode, or the provider's code of a refusal."""
    hold_until: Mapped[Moment | None]
    held_note: Mapped[str | None] = mapped_column(String(500))
    held_by: Mapped[str | None] = mapped_column(String(13))
    transfer_tried_at: Mapped[Moment | None]

    order: Mapped[Order] = relationship(back_populates="lines")
    listing: Mapped[Listing] = relationship()
    code: Mapped[DiscountCode | None] = relationship()
    bundle: Mapped[Bundle | None] = relationship()

    @property
    def list_cents(self) -> int:
        """The listed price when the order was made."""
        return self.price_cents + self.discount_cents

    @property
    def discount_words(self) -> str:
        """Why it cost less than listed; "" where it did not."""
        if self.code is not None:
            return f"Code {self.code.label}"
        if self.bundle is not None:
            return f"Bundle “{self.bundle.title}”"
        return "Sale" if self.sale_id else ""

    @property
    def paid_to_seller_cents(self) -> int:
        """What the seller has of this line now: sent or set off, less what came back."""
        given = self.transferred_cents + self.netted_cents
        return given - self.reversed_cents - self.recovered_cents


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
        # Buying the same thing twice cannot be recorded, whatever raced; after a refund it can.
        Index(
            "uq_entitlements_buyer_listing",
            "buyer_id",
            "listing_id",
            unique=True,
            postgresql_where=text("state <> 'revoked'"),
        ),
    )

    id: Mapped[Id]
    buyer_id: Mapped[RefId] = mapped_column(ForeignKey("users.id"))
    listing_id: Mapped[RefId] = mapped_column(ForeignKey("listings.id"), index=True)
    version_id: Mapped[RefId] = mapped_column(ForeignKey("listing_versions.id"))
    line_id: Mapped[RefId] = mapped_column(ForeignKey("order_lines.id"), unique=True)
    state: Mapped[EntitlementState] = mapped_column(
        enum_column(EntitlementState, "entitlement_state"),
        default=EntitlementState.GRANTED,
        server_default=EntitlementState.GRANTED.value,
    )
    reason: Mapped[str | None] = mapped_column(String(200))
    """Why it is suspended or revoked."""
    changed_at: Mapped[Moment | None]
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
    memo: Mapped[str | None] = mapped_column(String(500))
    """A person's reason, where a person caused the entry."""
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
    """stripe_balance, seller_payable:<seller id>, commission …: see orders.ledger."""
    line_id: Mapped[RefId | None] = mapped_column(ForeignKey("order_lines.id"), index=True)
    """The sale that the leg concerns, so that statements can be read from the books alone."""
    amount_cents: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[Currency]

    entry: Mapped[LedgerEntry] = relationship(back_populates="postings")
