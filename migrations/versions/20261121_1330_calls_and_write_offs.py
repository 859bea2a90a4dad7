"""When a transfer was last asked for, and write-offs that are taken back.

Why: a sweep marks a line before it sends it again, so the line's own mark cannot tell whether a call
may still be under way. And a debt may be written off before it turns out to be none: the bank decides
for us, a refund comes back. The seller would have kept the share and been paid it once more.

Revision ID: 0015
Revises: 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("line_transfers", sa.Column("called_at", sa.DateTime(timezone=True)))
    _add_cents("transfer_reversals", "written_off_cents")
    _add_cents("write_offs", "taken_back_cents")
    op.create_check_constraint(
        op.f("ck_transfer_reversals_written_off_at_most_recovered"),
        "transfer_reversals",
        "written_off_cents BETWEEN 0 AND recovered_cents",
    )
    op.create_check_constraint(
        op.f("ck_write_offs_taken_back_at_most_all"),
        "write_offs",
        "taken_back_cents BETWEEN 0 AND cents",
    )


def downgrade() -> None:
    op.drop_column("write_offs", "taken_back_cents")
    op.drop_column("transfer_reversals", "written_off_cents")
    op.drop_column("line_transfers", "called_at")


def _add_cents(table: str, name: str) -> None:
    op.add_column(table, sa.Column(name, sa.BigInteger(), server_default="0", nullable=False))
