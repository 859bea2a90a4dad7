"""What people report about listings on sale.

Why: moderators see a listing before it goes on sale; afterwards buyers and visitors are the ones who
notice that something is wrong.

Revision ID: 0018
Revises: 0017
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

REASONS = ("copied", "misleading", "offensive", "real_person", "spam", "other")


def upgrade() -> None:
    op.create_table(
        "listing_complaints",
        sa.Column("id", sa.String(13), nullable=False),
        sa.Column("listing_id", sa.String(13), nullable=False),
        sa.Column("person_id", sa.String(13), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                *REASONS,
                name="complaint_reason",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.String(1000), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("closed_by", sa.String(13)),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (closed_by IS NULL)",
            name=op.f("ck_listing_complaints_closed_by_somebody"),
        ),
        sa.CheckConstraint(
            "reason <> 'other' OR note <> ''",
            name=op.f("ck_listing_complaints_other_is_explained"),
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"],
            ["listings.id"],
            name=op.f("fk_listing_complaints_listing_id_listings"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["users.id"], name=op.f("fk_listing_complaints_person_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["closed_by"], ["users.id"], name=op.f("fk_listing_complaints_closed_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing_complaints")),
    )
    op.create_index(op.f("ix_listing_complaints_person_id"), "listing_complaints", ["person_id"])
    op.create_index(op.f("ix_listing_complaints_created_at"), "listing_complaints", ["created_at"])
    op.create_index(
        "uq_listing_complaints_open",
        "listing_complaints",
        ["listing_id", "person_id"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("listing_complaints")
