"""Indexes for the numbers over the desk's tabs and for its list of decided cases.

Why: with fifty thousand cases waiting, counting them by lane read the whole table, and so did a page
deep in the list of what was decided at one moment, as a wave of spam is.

Revision ID: 0032
Revises: 0031
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_WAITING = sa.text("state IN ('open', 'claimed')")
_DECIDED = sa.text("state IN ('approved', 'rejected', 'changes_requested')")


def upgrade() -> None:
    op.create_index(
        "ix_moderation_cases_lane", "moderation_cases", ["lane"], postgresql_where=_WAITING
    )
    op.drop_index("ix_moderation_cases_decided", table_name="moderation_cases")
    op.create_index(
        "ix_moderation_cases_decided",
        "moderation_cases",
        ["decided_at", "id"],
        postgresql_where=_DECIDED,
    )


def downgrade() -> None:
    op.drop_index("ix_moderation_cases_decided", table_name="moderation_cases")
    op.create_index(
        "ix_moderation_cases_decided",
        "moderation_cases",
        ["decided_at"],
        postgresql_where=_DECIDED,
    )
    op.drop_index("ix_moderation_cases_lane", table_name="moderation_cases")
