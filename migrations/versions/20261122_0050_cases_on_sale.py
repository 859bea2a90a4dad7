"""Cases about what is on sale: reports, re-verifications without an answer, banned pictures.

Why: reports and re-verifications stood on pages of their own, without claims, deadlines, undo or
statements of reasons; and a banned picture was looked for in new listings only.

Revision ID: 0035
Revises: 0034
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

LANES = ("escalated", "payment_risk", "scanner", "unconfirmed", "young", "edits", "new")
KINDS = ("approve", "approve_limited", "request_changes", "reject", "escalate")
LANE, KIND = "ck_moderation_cases_case_lane", "ck_moderation_decisions_decision_kind"
_TO_FILE = sa.text("closed_at IS NULL AND case_id IS NULL")
_TO_SEARCH = sa.text("searched_at IS NULL")


def upgrade() -> None:
    about = sa.Enum(
        *("submission", "on_sale"),
        name="case_about",
        native_enum=False,
        create_constraint=True,
        length=40,
    )
    op.add_column(
        "moderation_cases", sa.Column("about", about, nullable=False, server_default="submission")
    )
    op.alter_column("moderation_cases", "about", server_default=None)
    _allow(LANE, "moderation_cases", "lane", (*LANES, "reports", "reverification"))
    _allow(KIND, "moderation_decisions", "kind", (*KINDS, "rerun", "degrade"))
    op.add_column("listing_complaints", sa.Column("case_id", sa.String(length=13)))
    op.create_foreign_key(
        op.f("fk_listing_complaints_case_id_moderation_cases"),
        *("listing_complaints", "moderation_cases", ["case_id"], ["id"]),
        ondelete="SET NULL",
    )
    op.create_index(op.f("ix_listing_complaints_case_id"), "listing_complaints", ["case_id"])
    op.create_index(
        "ix_listing_complaints_to_file",
        *("listing_complaints", ["created_at"]),
        postgresql_where=_TO_FILE,
    )
    op.add_column("banned_images", sa.Column("searched_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_banned_images_to_search", "banned_images", ["created_at"], postgresql_where=_TO_SEARCH
    )


def downgrade() -> None:
    """Back to separate pages: what was being decided about things on sale is forgotten."""
    op.drop_index("ix_banned_images_to_search", table_name="banned_images")
    op.drop_column("banned_images", "searched_at")
    op.drop_index("ix_listing_complaints_to_file", table_name="listing_complaints")
    op.drop_column("listing_complaints", "case_id")
    op.execute("ALTER TABLE moderation_decisions DISABLE TRIGGER append_only")
    op.execute("ALTER TABLE moderation_outcomes DISABLE TRIGGER append_only")
    op.execute("ALTER TABLE moderation_case_events DISABLE TRIGGER append_only")
    op.execute("DELETE FROM moderation_cases WHERE about = 'on_sale'")
    for table in ("moderation_decisions", "moderation_outcomes", "moderation_case_events"):
        op.execute(f"ALTER TABLE {table} ENABLE TRIGGER append_only")
    _allow(KIND, "moderation_decisions", "kind", KINDS)
    _allow(LANE, "moderation_cases", "lane", LANES)
    op.drop_column("moderation_cases", "about")


def _allow(name: str, table: str, column: str, values: tuple[str, ...]) -> None:
    allowed = ", ".join(f"'{value}'" for value in values)
    op.drop_constraint(name, table)
    op.create_check_constraint(op.f(name), table, f"{column} IN ({allowed})")
