"""A notification when a moderator keeps a listing off the shelves, or lets it back.

Why: the front page leaves such listings out, and it is kept in memory for strangers.

Revision ID: 0025
Revises: 0024
"""

from __future__ import annotations

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE TRIGGER pages_changed AFTER INSERT OR UPDATE OR DELETE ON listing_limits "
        "FOR EACH ROW EXECUTE FUNCTION pages_changed()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER pages_changed ON listing_limits")
