"""Tables of receipts, invoices and credit notes: numbered without gaps, never changed."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.columns import Cents, Currency, Id, Json, Moment, RefId, enum_column
from marketplace.core.database import Base
from marketplace.orders.models import Order


class ReceiptKind(StrEnum):
    """What a document is; each kind has its own series of numbers."""

    RECEIPT = "receipt"
    INVOICE = "invoice"
    """For orders with a billing address or a tax ID."""
    CREDIT_NOTE = "credit_note"
    """For a refund."""


class ReceiptSeries(Base):
    """The last number given out of each kind. Its lock is what keeps a series without gaps."""

    __tablename__ = "receipt_series"
    __table_args__ = (CheckConstraint("last_number >= 0", name="not_negative"),)

    kind: Mapped[ReceiptKind] = mapped_column(
        enum_column(ReceiptKind, "series_kind"), primary_key=True
    )
    last_number: Mapped[int] = mapped_column(default=0)


class Receipt(Base):
    """An issued document with all that is printed on it. A trigger refuses every change."""

    __tablename__ = "receipts"
    __table_args__ = (
        UniqueConstraint("kind", "number"),
        # One document for each sale, one credit note for each refund.
        Index(
            "uq_receipts_order",
            "order_id",
            unique=True,
            postgresql_where=text("refund_id IS NULL"),
        ),
        CheckConstraint(
            "(kind = 'credit_note') = (refund_id IS NOT NULL)", name="credit_note_has_refund"
        ),
        CheckConstraint("number > 0", name="number_is_positive"),
        CheckConstraint(
            "total_cents > 0 AND tax_cents BETWEEN 0 AND total_cents", name="sums_are_possible"
        ),
        CheckConstraint("currency = 'usd'", name="currency_known"),
    )

    id: Mapped[Id]
    kind: Mapped[ReceiptKind] = mapped_column(enum_column(ReceiptKind, "receipt_kind"))
    number: Mapped[int]
    order_id: Mapped[RefId] = mapped_column(ForeignKey("orders.id"), index=True)
    refund_id: Mapped[RefId | None] = mapped_column(ForeignKey("refunds.id"), unique=True)
    total_cents: Mapped[Cents]
    """Tax included; positive on credit notes too."""
    tax_cents: Mapped[Cents] = mapped_column(default=0)
    currency: Mapped[Currency]
    contents: Mapped[Json]
    """orders.receipt_contents.Contents: names as they were, so that it never reads otherwise."""
    issued_at: Mapped[Moment]

    order: Mapped[Order] = relationship()
