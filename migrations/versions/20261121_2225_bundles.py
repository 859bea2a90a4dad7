"""Bundles: several listings of one seller at one price; each order line says which it came from.

Why: bought together they cost less. The price is divided over the lines to the cent, so refunds,
disputes and shares go on as before.

Revision ID: 0033
Revises: 0032
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

NAME = "ck_order_lines_discount_has_one_cause"
BEFORE = (
    "discount_cents >= 0 AND (discount_cents > 0) = (num_nonnulls(sale_id, code_id) > 0)"
    " AND num_nonnulls(sale_id, code_id) <= 1"
)
NOW = (
    "discount_cents >= 0 AND num_nonnulls(sale_id, code_id, bundle_id) <= 1"
    " AND CASE WHEN discount_cents = 0 THEN num_nonnulls(sale_id, code_id) = 0"
    " ELSE num_nonnulls(sale_id, code_id, bundle_id) = 1 END"
)
TABLES = ("bundles", "bundle_listings")


def upgrade() -> None:
    op.create_table(
        "bundles",
        sa.Column("id", sa.String(13), nullable=False),
        sa.Column("seller_id", sa.String(13), nullable=False),
        sa.Column("title", sa.String(80), nullable=False),
        sa.Column("price_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint("price_cents > 0", name=op.f("ck_bundles_price_is_positive")),
        sa.CheckConstraint("currency = 'usd'", name=op.f("ck_bundles_currency_known")),
        sa.ForeignKeyConstraint(
            ["seller_id"],
            ["seller_profiles.user_id"],
            name=op.f("fk_bundles_seller_id_seller_profiles"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bundles")),
    )
    op.create_index(op.f("ix_bundles_seller_id"), "bundles", ["seller_id"])
    op.create_index(op.f("ix_bundles_created_at"), "bundles", ["created_at"])
    op.create_table(
        "bundle_listings",
        sa.Column("bundle_id", sa.String(13), nullable=False),
        sa.Column("listing_id", sa.String(13), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bundle_id"],
            ["bundles.id"],
            name=op.f("fk_bundle_listings_bundle_id_bundles"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"],
            ["listings.id"],
            name=op.f("fk_bundle_listings_listing_id_listings"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("bundle_id", "listing_id", name=op.f("pk_bundle_listings")),
    )
    op.create_index(op.f("ix_bundle_listings_listing_id"), "bundle_listings", ["listing_id"])
    op.add_column("order_lines", sa.Column("bundle_id", sa.String(13), nullable=True))
    op.create_foreign_key(
        op.f("fk_order_lines_bundle_id_bundles"), "order_lines", "bundles", ["bundle_id"], ["id"]
    )
    op.create_index(op.f("ix_order_lines_bundle_id"), "order_lines", ["bundle_id"])
    op.drop_constraint(op.f(NAME), "order_lines")
    op.create_check_constraint(op.f(NAME), "order_lines", NOW)
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER pages_changed AFTER INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION pages_changed()"
        )


def downgrade() -> None:
    """Without bundles; what lines cost stays as it is."""
    op.drop_constraint(op.f(NAME), "order_lines")
    op.execute("UPDATE order_lines SET discount_cents = 0 WHERE bundle_id IS NOT NULL")
    op.create_check_constraint(op.f(NAME), "order_lines", BEFORE)
    op.drop_column("order_lines", "bundle_id")
    for table in reversed(TABLES):
        op.drop_table(table)
