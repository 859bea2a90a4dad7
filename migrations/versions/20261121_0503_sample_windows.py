"""Hashes of a sample's parts, so that crops are found; hits say how they were confirmed.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table of windows and keypoints, and three columns of hits."""
    op.create_table(
        "sample_windows",
        sa.Column("sample_id", sa.String(length=13), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("windows", sa.LargeBinary(), nullable=False),
        sa.Column("keypoints", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["sample_id"],
            ["samples.id"],
            name=op.f("fk_sample_windows_sample_id_samples"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("sample_id", name=op.f("pk_sample_windows")),
    )
    op.create_index(
        op.f("ix_sample_windows_created_at"), "sample_windows", ["created_at"], unique=False
    )
    # Hashes are random bits: compressing them costs time and saves nothing.
    op.execute("ALTER TABLE sample_windows ALTER COLUMN windows SET STORAGE EXTERNAL")
    op.execute("ALTER TABLE sample_windows ALTER COLUMN keypoints SET STORAGE EXTERNAL")
    op.add_column(
        "copy_hits",
        sa.Column("method", sa.String(length=20), server_default="digest", nullable=False),
    )
    for name in ("agreement", "overlap"):
        op.add_column("copy_hits", sa.Column(name, sa.Float(), server_default="1", nullable=False))


def downgrade() -> None:
    """Forget windows and how hits were confirmed."""
    for name in ("overlap", "agreement", "method"):
        op.drop_column("copy_hits", name)
    op.drop_table("sample_windows")
