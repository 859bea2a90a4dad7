"""Drafts that are written step by step, and what a listing says besides: summary, guide, licence.

Why: sellers lose what they typed when a page is left or two tabs disagree; a draft keeps it as typed,
with its earlier states, sealed like the prompt in it. Buyers choose by licence.

Revision ID: 0022
Revises: 0021
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    op.add_column(
        "listings", sa.Column("summary", sa.String(160), nullable=False, server_default="")
    )
    op.add_column(
        "listing_versions",
        sa.Column("licence", sa.String(20), nullable=False, server_default="commercial"),
    )
    op.create_check_constraint(
        op.f("ck_listing_versions_licence_known"),
        "listing_versions",
        "licence IN ('personal', 'commercial', 'studio')",
    )
    op.add_column("listing_versions", sa.Column("guide_sealed", sa.LargeBinary()))
    op.create_table(
        "listing_drafts",
        sa.Column("listing_id", sa.String(13), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("typed_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("step", sa.String(20), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["listing_id"],
            ["listings.id"],
            name=op.f("fk_listing_drafts_listing_id_listings"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("listing_id", name=op.f("pk_listing_drafts")),
    )
    op.create_table(
        "listing_draft_saves",
        sa.Column("listing_id", sa.String(13), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("typed_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["listing_id"],
            ["listing_drafts.listing_id"],
            name=op.f("fk_listing_draft_saves_listing_id_listing_drafts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("listing_id", "revision", name=op.f("pk_listing_draft_saves")),
    )


def downgrade() -> None:
    op.drop_table("listing_draft_saves")
    op.drop_table("listing_drafts")
    op.drop_column("listing_versions", "guide_sealed")
    op.drop_constraint(op.f("ck_listing_versions_licence_known"), "listing_versions")
    op.drop_column("listing_versions", "licence")
    op.drop_column("listings", "summary")
