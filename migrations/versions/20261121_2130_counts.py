"""Daily counts of how often listings are shown, opened and put into carts, and by what words.

Why: a seller's dashboard. Web processes write batches of what they counted in memory; a worker adds
them to the sums, each once. Nothing says who looked; words are kept as keyed hashes until they were
searched for on several days.

Revision ID: 0026
Revises: 0025
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

ZERO = sa.text("0")


def _moment(name: str, **options: object) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), **options)  # type: ignore[arg-type]


def _of_listing(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_listing_id_listings")
    return sa.ForeignKeyConstraint(["listing_id"], ["listings.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    op.create_table(
        "count_batches",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("counts", postgresql.JSONB(), nullable=False),
        sa.Column("terms", postgresql.JSONB(), nullable=False),
        _moment("created_at", server_default=sa.text("clock_timestamp()"), nullable=False),
        _moment("folded_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_count_batches")),
    )
    op.create_index(op.f("ix_count_batches_created_at"), "count_batches", ["created_at"])
    op.create_index(op.f("ix_count_batches_folded_at"), "count_batches", ["folded_at"])
    op.create_index(
        "ix_count_batches_waiting",
        "count_batches",
        ["created_at"],
        postgresql_where=sa.text("folded_at IS NULL"),
    )
    op.create_table(
        "listing_days",
        sa.Column("listing_id", sa.String(length=13), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("shown", sa.Integer(), server_default=ZERO, nullable=False),
        sa.Column("opened", sa.Integer(), server_default=ZERO, nullable=False),
        sa.Column("carted", sa.Integer(), server_default=ZERO, nullable=False),
        sa.CheckConstraint(
            "shown >= 0 AND opened >= 0 AND carted >= 0",
            name=op.f("ck_listing_days_counts_not_negative"),
        ),
        _of_listing("listing_days"),
        sa.PrimaryKeyConstraint("listing_id", "day", name=op.f("pk_listing_days")),
    )
    op.create_index(op.f("ix_listing_days_day"), "listing_days", ["day"])
    op.create_table(
        "listing_term_days",
        sa.Column("listing_id", sa.String(length=13), nullable=False),
        sa.Column("term_key", sa.LargeBinary(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("clicks", sa.Integer(), nullable=False),
        sa.CheckConstraint("clicks > 0", name=op.f("ck_listing_term_days_clicks_positive")),
        _of_listing("listing_term_days"),
        sa.PrimaryKeyConstraint("listing_id", "term_key", "day", name=op.f("pk_listing_term_days")),
    )
    op.create_index(op.f("ix_listing_term_days_day"), "listing_term_days", ["day"])
    op.create_index(op.f("ix_listing_term_days_term_key"), "listing_term_days", ["term_key"])
    op.create_table(
        "known_terms",
        sa.Column("term_key", sa.LargeBinary(), nullable=False),
        sa.Column("words", sa.String(length=60), nullable=False),
        _moment("created_at", server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("term_key", name=op.f("pk_known_terms")),
    )
    op.create_index(op.f("ix_known_terms_created_at"), "known_terms", ["created_at"])


def downgrade() -> None:
    for table in ("known_terms", "listing_term_days", "listing_days", "count_batches"):
        op.drop_table(table)
