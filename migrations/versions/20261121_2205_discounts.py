"""Timed sales, discount codes and sellers' own links; order lines say what they cost and why.

Why: sellers lower their prices for a while, for whoever knows a word, and bring buyers of their
own. What was agreed stands in the line: later changes of a sale, a code or a setting do not reach
it. The triggers throw away kept pages when a sale begins or ends.

Revision ID: 0030
Revises: 0029
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

NOW = sa.text("clock_timestamp()")
ONE_KIND = "num_nonnulls(percent, off_cents) = 1 AND percent BETWEEN 1 AND 80 AND off_cents > 0"
ONE_CAUSE = (
    "discount_cents >= 0 AND (discount_cents > 0) = (num_nonnulls(sale_id, code_id) > 0)"
    " AND num_nonnulls(sale_id, code_id) <= 1"
)
TRIGGERS = (
    ("new", "timed_sales", "INSERT", "WHEN (NEW.state = 'running')"),
    ("changed", "timed_sales", "UPDATE OF state", "WHEN (OLD.state <> NEW.state)"),
    ("changed", "timed_sale_listings", "INSERT OR DELETE", ""),
)


def upgrade() -> None:
    op.create_table(
        "timed_sales",
        sa.Column("id", sa.String(13), nullable=False),
        sa.Column("seller_id", sa.String(13), nullable=False),
        sa.Column("all_listings", sa.Boolean(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                *("scheduled", "running", "ended", "cancelled"),
                name="sale_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("percent", sa.Integer(), nullable=True),
        sa.Column("off_cents", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.CheckConstraint(ONE_KIND, name=op.f("ck_timed_sales_one_kind")),
        sa.CheckConstraint("currency = 'usd'", name=op.f("ck_timed_sales_currency_known")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_timed_sales_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["seller_id"],
            ["seller_profiles.user_id"],
            name=op.f("fk_timed_sales_seller_id_seller_profiles"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timed_sales")),
    )
    op.create_index(op.f("ix_timed_sales_created_at"), "timed_sales", ["created_at"])
    op.create_index(op.f("ix_timed_sales_seller_id"), "timed_sales", ["seller_id"])
    op.create_index(
        "ix_timed_sales_open",
        "timed_sales",
        ["seller_id"],
        postgresql_where=sa.text("state IN ('scheduled', 'running')"),
    )
    op.create_table(
        "discount_codes",
        sa.Column("id", sa.String(13), nullable=False),
        sa.Column("seller_id", sa.String(13), nullable=False),
        sa.Column("code", sa.String(24), nullable=False),
        sa.Column("label", sa.String(24), nullable=False),
        sa.Column("all_listings", sa.Boolean(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("max_uses", sa.Integer(), nullable=True),
        sa.Column("max_per_buyer", sa.Integer(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("percent", sa.Integer(), nullable=True),
        sa.Column("off_cents", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.CheckConstraint(ONE_KIND, name=op.f("ck_discount_codes_one_kind")),
        sa.CheckConstraint("currency = 'usd'", name=op.f("ck_discount_codes_currency_known")),
        sa.CheckConstraint(
            "ends_at IS NULL OR starts_at < ends_at",
            name=op.f("ck_discount_codes_ends_after_start"),
        ),
        sa.CheckConstraint(
            "max_uses > 0 AND max_per_buyer > 0",
            name=op.f("ck_discount_codes_limits_are_positive"),
        ),
        sa.ForeignKeyConstraint(
            ["seller_id"],
            ["seller_profiles.user_id"],
            name=op.f("fk_discount_codes_seller_id_seller_profiles"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discount_codes")),
        sa.UniqueConstraint("seller_id", "code", name=op.f("uq_discount_codes_seller_id_code")),
    )
    op.create_index(op.f("ix_discount_codes_created_at"), "discount_codes", ["created_at"])
    _named_listings("timed_sale_listings", "sale_id", "timed_sales")
    _named_listings("discount_code_listings", "code_id", "discount_codes")
    op.create_table(
        "referral_links",
        sa.Column("seller_id", sa.String(13), nullable=False),
        sa.Column("token", sa.String(13), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["seller_id"],
            ["seller_profiles.user_id"],
            name=op.f("fk_referral_links_seller_id_seller_profiles"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("seller_id", name=op.f("pk_referral_links")),
        sa.UniqueConstraint("token", name=op.f("uq_referral_links_token")),
    )
    _lines()
    for name, table, moment, when in TRIGGERS:
        op.execute(
            f"CREATE TRIGGER pages_{name} AFTER {moment} ON {table} "
            f"FOR EACH ROW {when} EXECUTE FUNCTION pages_changed()"
        )


def _named_listings(table: str, column: str, parent: str) -> None:
    op.create_table(
        table,
        sa.Column(column, sa.String(13), nullable=False),
        sa.Column("listing_id", sa.String(13), nullable=False),
        sa.ForeignKeyConstraint(
            [column],
            [f"{parent}.id"],
            name=op.f(f"fk_{table}_{column}_{parent}"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"],
            ["listings.id"],
            name=op.f(f"fk_{table}_listing_id_listings"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(column, "listing_id", name=op.f(f"pk_{table}")),
    )
    op.create_index(op.f(f"ix_{table}_listing_id"), table, ["listing_id"])


def _lines() -> None:
    zero, no = sa.text("0"), sa.text("false")
    for column in (
        sa.Column("discount_cents", sa.BigInteger(), server_default=zero, nullable=False),
        sa.Column("sale_id", sa.String(13), nullable=True),
        sa.Column("code_id", sa.String(13), nullable=True),
        sa.Column("referred", sa.Boolean(), server_default=no, nullable=False),
    ):
        op.add_column("order_lines", column)
    for column_name, parent in (("sale_id", "timed_sales"), ("code_id", "discount_codes")):
        op.create_foreign_key(
            op.f(f"fk_order_lines_{column_name}_{parent}"),
            "order_lines",
            parent,
            [column_name],
            ["id"],
        )
    op.create_check_constraint(
        op.f("ck_order_lines_discount_has_one_cause"), "order_lines", ONE_CAUSE
    )
    op.create_check_constraint(
        op.f("ck_order_lines_referred_is_free"),
        "order_lines",
        "NOT referred OR commission_cents = 0",
    )
    op.create_index(
        "ix_order_lines_code_id",
        "order_lines",
        ["code_id"],
        postgresql_where=sa.text("code_id IS NOT NULL"),
    )


def downgrade() -> None:
    """Without any of it; what lines cost stays as it is."""
    op.drop_index("ix_order_lines_code_id", "order_lines")
    op.drop_constraint(op.f("ck_order_lines_discount_has_one_cause"), "order_lines")
    op.drop_constraint(op.f("ck_order_lines_referred_is_free"), "order_lines")
    for column in ("referred", "code_id", "sale_id", "discount_cents"):
        op.drop_column("order_lines", column)
    for table in (
        "referral_links",
        "discount_code_listings",
        "timed_sale_listings",
        "discount_codes",
        "timed_sales",
    ):
        op.drop_table(table)
