"""New versions of a listing that stays on sale while they are checked.

Why: a seller who mends a prompt should not lose sales meanwhile. The newest version then has a state
of its own, and its public words wait with it until a moderator has approved them.

Revision ID: 0029
Revises: 0028
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

STATES = ("draft", "verifying", "in_review", "live", "rejected", "withdrawn")


def upgrade() -> None:
    op.add_column(
        "listing_versions",
        sa.Column(
            "edit_state",
            sa.Enum(
                *STATES, name="edit_state", native_enum=False, create_constraint=True, length=40
            ),
        ),
    )
    op.add_column("listing_versions", sa.Column("words", postgresql.JSONB(none_as_null=True)))
    op.add_column(
        "listing_versions", sa.Column("words_before", postgresql.JSONB(none_as_null=True))
    )
    op.create_check_constraint(
        "edits_have_words",
        "listing_versions",
        "edit_state IS NULL OR (words IS NOT NULL AND words_before IS NOT NULL)",
    )
    op.add_column("listing_versions", sa.Column("published_at", sa.DateTime(timezone=True)))
    op.execute(
        "UPDATE listing_versions v SET published_at = l.published_at "
        "FROM listings l WHERE l.live_version_id = v.id"
    )


def downgrade() -> None:
    op.drop_column("listing_versions", "published_at")
    op.drop_constraint(op.f("ck_listing_versions_edits_have_words"), "listing_versions")
    op.drop_column("listing_versions", "words_before")
    op.drop_column("listing_versions", "words")
    op.drop_constraint(op.f("ck_listing_versions_edit_state"), "listing_versions")
    op.drop_column("listing_versions", "edit_state")
