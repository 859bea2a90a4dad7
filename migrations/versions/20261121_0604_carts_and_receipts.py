"""Carts, and receipts, invoices and credit notes with their series of numbers.

Why: several prompts are bought with one payment, and buyers want papers for it that are numbered
without gaps and never change.

Revision ID: 0013
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None

KINDS = ("receipt", "invoice", "credit_note")


def upgrade() -> None:
    _cart_items()
    _receipt_series()
    _receipts()
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON receipts "
        "FOR EACH ROW EXECUTE FUNCTION append_only()"
    )


def downgrade() -> None:
    op.drop_table("receipts")
    op.drop_table("receipt_series")
    op.drop_table("cart_items")


def _cart_items() -> None:
    op.create_table(
        "cart_items",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("buyer_id", sa.String(length=13), nullable=False),
        sa.Column("listing_id", sa.String(length=13), nullable=False),
        sa.Column("price_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("price_cents > 0", name=op.f("ck_cart_items_price_is_positive")),
        sa.CheckConstraint("currency = 'usd'", name=op.f("ck_cart_items_currency_known")),
        sa.ForeignKeyConstraint(
            ["buyer_id"],
            ["users.id"],
            name=op.f("fk_cart_items_buyer_id_users"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"],
            ["listings.id"],
            name=op.f("fk_cart_items_listing_id_listings"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cart_items")),
        sa.UniqueConstraint(
            "buyer_id", "listing_id", name=op.f("uq_cart_items_buyer_id_listing_id")
        ),
    )
    op.create_index(op.f("ix_cart_items_listing_id"), "cart_items", ["listing_id"])


def _receipt_series() -> None:
    op.create_table(
        "receipt_series",
        sa.Column("kind", _kind("series_kind"), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.CheckConstraint("last_number >= 0", name=op.f("ck_receipt_series_not_negative")),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_receipt_series")),
    )


def _receipts() -> None:
    op.create_table(
        "receipts",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("kind", _kind("receipt_kind"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.String(length=13), nullable=False),
        sa.Column("refund_id", sa.String(length=13), nullable=True),
        sa.Column("total_cents", sa.BigInteger(), nullable=False),
        sa.Column("tax_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("contents", postgresql.JSONB(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(kind = 'credit_note') = (refund_id IS NOT NULL)",
            name=op.f("ck_receipts_credit_note_has_refund"),
        ),
        sa.CheckConstraint("number > 0", name=op.f("ck_receipts_number_is_positive")),
        sa.CheckConstraint(
            "total_cents > 0 AND tax_cents BETWEEN 0 AND total_cents",
            name=op.f("ck_receipts_sums_are_possible"),
        ),
        sa.CheckConstraint("currency = 'usd'", name=op.f("ck_receipts_currency_known")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_receipts_order_id_orders")
        ),
        sa.ForeignKeyConstraint(
            ["refund_id"], ["refunds.id"], name=op.f("fk_receipts_refund_id_refunds")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipts")),
        sa.UniqueConstraint("kind", "number", name=op.f("uq_receipts_kind_number")),
        sa.UniqueConstraint("refund_id", name=op.f("uq_receipts_refund_id")),
    )
    op.create_index(op.f("ix_receipts_order_id"), "receipts", ["order_id"])
    op.create_index(
        "uq_receipts_order",
        "receipts",
        ["order_id"],
        unique=True,
        postgresql_where=sa.text("refund_id IS NULL"),
    )


def _kind(name: str) -> sa.Enum:
    return sa.Enum(*KINDS, name=name, native_enum=False, create_constraint=True, length=40)
