"""Decisions as immutable rows that can be undone for a moment, and lanes of the queue.

Why: every decision carries its reasons and is never changed; it takes effect a moment after
it was made; and the desk reads its tabs from indexes.

Revision ID: 0023
Revises: 0022
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from marketplace.core.columns import HashBits

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

NOW = sa.text("clock_timestamp()")
REASONS = (
    "TOO_SPECIFIC",
    "TOO_SIMPLE",
    "NOT_REPRODUCIBLE",
    "SAMPLES_MISMATCH",
    "SAMPLE_STOLEN",
    "DUPLICATE",
    "OFFENSIVE",
    "SEXUAL",
    "MINOR_SAFETY",
    "REAL_PERSON",
    "THIRD_PARTY_IP",
    "ARTIST_NAME",
    "MODEL_RULES",
    "MISLEADING_TEXT",
    "SPAM",
    "METADATA_MISSING",
    "UNSUPPORTED_MODEL",
)
STATE = op.f("ck_moderation_cases_case_state")
CLAIMED = op.f("ck_moderation_cases_claimed_has_moderator")
DECIDED = op.f("ck_moderation_cases_decided_has_moderator")
REJECTED = op.f("ck_moderation_cases_rejected_has_reason")
RULES = {
    STATE: "state IN ('open', 'claimed', 'deciding', 'approved', 'changes_requested', 'rejected')",
    CLAIMED: "(state IN ('claimed', 'deciding')) = (claimed_by IS NOT NULL AND decided_by IS NULL)",
    DECIDED: "(state IN ('approved', 'rejected', 'changes_requested')) = "
    "(decided_by IS NOT NULL AND decided_at IS NOT NULL)",
    REJECTED: "(state IN ('rejected', 'changes_requested')) = (reason_code IS NOT NULL)",
}
BEFORE = {
    STATE: "state IN ('open', 'claimed', 'approved', 'rejected')",
    CLAIMED: "(state = 'claimed') = (claimed_by IS NOT NULL AND decided_by IS NULL)",
    DECIDED: "(state IN ('approved', 'rejected')) = "
    "(decided_by IS NOT NULL AND decided_at IS NOT NULL)",
    REJECTED: "(state = 'rejected') = (reason_code IS NOT NULL)",
}


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)


def upgrade() -> None:
    """Decisions, what they leave behind, and the queue's lanes."""
    _lanes()
    _decisions()
    for table in ("moderation_decisions", "moderation_outcomes"):
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION append_only()"
        )


def downgrade() -> None:
    """Back to cases that are decided at once; what was being decided is open again."""
    for table in ("listing_limits", "banned_images", "moderation_outcomes", "moderation_decisions"):
        op.drop_table(table)
    for name in ("age", "decided", "held", "lane_age", "lane_risk", "risk"):
        op.drop_index(f"ix_moderation_cases_{name}", table_name="moderation_cases")
    for column in ("escalated_by", "due_at", "risk_rank", "lane"):
        op.drop_column("moderation_cases", column)
    op.execute(
        "UPDATE moderation_cases SET state = 'open', claimed_by = NULL, claimed_at = NULL "
        "WHERE state = 'deciding'"
    )
    op.execute("UPDATE moderation_cases SET state = 'rejected' WHERE state = 'changes_requested'")
    _states(BEFORE, "'open', 'claimed'")


def _states(rules: dict[str, str], waiting: str) -> None:
    for name, rule in rules.items():
        op.drop_constraint(name, "moderation_cases")
        op.create_check_constraint(name, "moderation_cases", rule)
    op.drop_index("uq_moderation_cases_open", table_name="moderation_cases")
    op.create_index(
        "uq_moderation_cases_open",
        "moderation_cases",
        ["version_id"],
        unique=True,
        postgresql_where=sa.text(f"state IN ({waiting})"),
    )


def _lanes() -> None:
    _states(RULES, "'open', 'claimed', 'deciding'")
    op.add_column(
        "moderation_cases",
        sa.Column(
            "lane",
            _enum(
                "case_lane",
                "escalated",
                "payment_risk",
                "scanner",
                "unconfirmed",
                "young",
                "edits",
                "new",
            ),
            nullable=False,
            server_default=sa.text("'new'"),
        ),
    )
    op.alter_column("moderation_cases", "lane", server_default=None)
    op.add_column(
        "moderation_cases",
        sa.Column("risk_rank", sa.Integer(), nullable=False, server_default=sa.text("50")),
    )
    op.alter_column("moderation_cases", "risk_rank", server_default=None)
    op.add_column(
        "moderation_cases",
        sa.Column(
            "due_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.text("now() + interval '24 hours'"),
        ),
    )
    op.alter_column("moderation_cases", "due_at", server_default=None)
    op.add_column(
        "moderation_cases", sa.Column("escalated_by", sa.String(length=13), nullable=True)
    )
    op.create_index(
        "ix_moderation_cases_age",
        "moderation_cases",
        ["created_at", "id"],
        postgresql_where=sa.text("state IN ('open', 'claimed')"),
    )
    op.create_index(
        "ix_moderation_cases_decided",
        "moderation_cases",
        ["decided_at"],
        postgresql_where=sa.text("state IN ('approved', 'rejected', 'changes_requested')"),
    )
    op.create_index(
        "ix_moderation_cases_held",
        "moderation_cases",
        ["claimed_by"],
        postgresql_where=sa.text("state IN ('claimed', 'deciding')"),
    )
    op.create_index(
        "ix_moderation_cases_lane_age",
        "moderation_cases",
        ["lane", "created_at", "id"],
        postgresql_where=sa.text("state IN ('open', 'claimed')"),
    )
    op.create_index(
        "ix_moderation_cases_lane_risk",
        "moderation_cases",
        ["lane", "risk_rank", "created_at", "id"],
        postgresql_where=sa.text("state IN ('open', 'claimed')"),
    )
    op.create_index(
        "ix_moderation_cases_risk",
        "moderation_cases",
        ["risk_rank", "created_at", "id"],
        postgresql_where=sa.text("state IN ('open', 'claimed')"),
    )
    op.create_foreign_key(
        op.f("fk_moderation_cases_escalated_by_users"),
        "moderation_cases",
        "users",
        ["escalated_by"],
        ["id"],
    )


def _decisions() -> None:
    op.create_table(
        "moderation_decisions",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("case_id", sa.String(length=13), nullable=False),
        sa.Column("moderator_id", sa.String(length=13), nullable=False),
        sa.Column(
            "kind",
            _enum(
                "decision_kind",
                "approve",
                "approve_limited",
                "request_changes",
                "reject",
                "escalate",
            ),
            nullable=False,
        ),
        sa.Column("reason_code", _enum("decision_reason_code", *REASONS), nullable=True),
        sa.Column("note", sa.String(length=2000), nullable=True),
        sa.Column("override", sa.Boolean(), nullable=False),
        sa.Column("limits", postgresql.JSONB(), nullable=False),
        sa.Column("banned_samples", postgresql.JSONB(), nullable=False),
        sa.Column("finding_ids", postgresql.JSONB(), nullable=False),
        sa.Column("statement", postgresql.JSONB(), nullable=False),
        sa.Column("advice", sa.String(length=10), nullable=True),
        sa.Column("advice_code", sa.String(length=40), nullable=True),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(kind IN ('reject', 'request_changes')) = (reason_code IS NOT NULL)",
            name=op.f("ck_moderation_decisions_turning_away_has_reason"),
        ),
        sa.CheckConstraint(
            "NOT override OR (kind IN ('approve', 'approve_limited') AND note IS NOT NULL)",
            name=op.f("ck_moderation_decisions_override_is_explained"),
        ),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["moderation_cases.id"],
            name=op.f("fk_moderation_decisions_case_id_moderation_cases"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["moderator_id"], ["users.id"], name=op.f("fk_moderation_decisions_moderator_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moderation_decisions")),
    )
    op.create_index(op.f("ix_moderation_decisions_at"), "moderation_decisions", ["at"])
    op.create_index(op.f("ix_moderation_decisions_case_id"), "moderation_decisions", ["case_id"])
    op.create_index(
        "ix_moderation_decisions_moderator", "moderation_decisions", ["moderator_id", "at"]
    )
    op.create_table(
        "banned_images",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("sample_id", sa.String(length=13), nullable=True),
        sa.Column("decision_id", sa.String(length=13), nullable=True),
        sa.Column("reason_code", _enum("banned_reason_code", *REASONS), nullable=False),
        sa.Column("file_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("pixel_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("pdq", HashBits(256), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["moderation_decisions.id"],
            name=op.f("fk_banned_images_decision_id_moderation_decisions"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["sample_id"],
            ["samples.id"],
            name=op.f("fk_banned_images_sample_id_samples"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_banned_images")),
        sa.UniqueConstraint("sample_id", name=op.f("uq_banned_images_sample_id")),
    )
    op.create_index(op.f("ix_banned_images_created_at"), "banned_images", ["created_at"])
    op.create_index(op.f("ix_banned_images_file_sha256"), "banned_images", ["file_sha256"])
    op.create_index(op.f("ix_banned_images_pixel_sha256"), "banned_images", ["pixel_sha256"])
    op.create_table(
        "listing_limits",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("listing_id", sa.String(length=13), nullable=False),
        sa.Column("decision_id", sa.String(length=13), nullable=False),
        sa.Column("kind", _enum("listing_limit", "off_shelves", "recheck"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["moderation_decisions.id"],
            name=op.f("fk_listing_limits_decision_id_moderation_decisions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"],
            ["listings.id"],
            name=op.f("fk_listing_limits_listing_id_listings"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing_limits")),
    )
    op.create_index(op.f("ix_listing_limits_created_at"), "listing_limits", ["created_at"])
    op.create_index(
        "ix_listing_limits_due",
        "listing_limits",
        ["due_at"],
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "uq_listing_limits_standing",
        "listing_limits",
        ["listing_id", "kind"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "moderation_outcomes",
        sa.Column("decision_id", sa.String(length=13), nullable=False),
        sa.Column("kind", _enum("decision_outcome", "applied", "undone", "failed"), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["moderation_decisions.id"],
            name=op.f("fk_moderation_outcomes_decision_id_moderation_decisions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_moderation_outcomes")),
    )
    op.create_index(op.f("ix_moderation_outcomes_at"), "moderation_outcomes", ["at"])
