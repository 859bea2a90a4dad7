"""Links that a seller shows on their page.

Why: sellers set up their own page: name, a few words, and where else they are to be found. The
trigger on seller_profiles throws kept pages away with this as with every change.

Revision ID: 0031
Revises: 0030
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "seller_profiles",
        sa.Column(
            "links", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
    )


def downgrade() -> None:
    op.drop_column("seller_profiles", "links")
