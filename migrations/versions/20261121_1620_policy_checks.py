"""Policy checks of listings' texts, what they found, and prints that tell clones.

Why: moderators see what machines noticed, as rows that nobody changes afterwards; what a finding
says is sealed, for it may say what the prompt says; prints are keyed numbers that cannot be read.
A case may be closed with every reason of the closed list.

Revision ID: 0020
Revises: 0019
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

NOW = sa.text("clock_timestamp()")
REASONS = op.f("ck_moderation_cases_reason_code")
BEFORE = (
    "NOT_REPRODUCIBLE",
    "SAMPLES_MISMATCH",
    "SAMPLE_STOLEN",
    "DUPLICATE",
    "TOO_SPECIFIC",
    "TOO_SIMPLE",
    "OFFENSIVE",
    "MISLEADING_TEXT",
    "SPAM",
)
ADDED = (
    "SEXUAL",
    "MINOR_SAFETY",
    "REAL_PERSON",
    "THIRD_PARTY_IP",
    "ARTIST_NAME",
    "MODEL_RULES",
    "METADATA_MISSING",
    "UNSUPPORTED_MODEL",
)


def _one_of(codes: tuple[str, ...]) -> str:
    return f"reason_code IN ({', '.join(repr(code) for code in codes)})"


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)


def upgrade() -> None:
    op.create_table(
        "policy_checks",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("version_id", sa.String(length=13), nullable=False),
        sa.Column(
            "stage", _enum("policy_stage", "texts", "run", "report", "hosted"), nullable=False
        ),
        sa.Column("policy_version", sa.String(length=20), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column(
            "state", _enum("policy_check_state", "waiting", "done", "failed"), nullable=False
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.String(length=60), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'waiting') = (finished_at IS NULL)",
            name=op.f("ck_policy_checks_over_has_moment"),
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["listing_versions.id"],
            name=op.f("fk_policy_checks_version_id_listing_versions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_checks")),
        sa.UniqueConstraint(
            "version_id",
            "stage",
            "policy_version",
            "digest",
            name=op.f("uq_policy_checks_version_id_stage_policy_version_digest"),
        ),
    )
    op.create_index(op.f("ix_policy_checks_created_at"), "policy_checks", ["created_at"])
    op.create_index(
        "ix_policy_checks_due",
        "policy_checks",
        ["not_before"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "policy_findings",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("check_id", sa.String(length=13), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("severity", _enum("policy_severity", "hard", "soft", "note"), nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("details_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("others", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["check_id"],
            ["policy_checks.id"],
            name=op.f("fk_policy_findings_check_id_policy_checks"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_findings")),
        sa.UniqueConstraint(
            "check_id", "position", name=op.f("uq_policy_findings_check_id_position")
        ),
    )
    op.create_index(op.f("ix_policy_findings_code"), "policy_findings", ["code"])
    op.create_index(op.f("ix_policy_findings_rule"), "policy_findings", ["rule"])
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON policy_findings "
        "FOR EACH ROW EXECUTE FUNCTION append_only()"
    )
    op.create_table(
        "policy_prints",
        sa.Column("version_id", sa.String(length=13), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("bands", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["listing_versions.id"],
            name=op.f("fk_policy_prints_version_id_listing_versions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_policy_prints")),
    )
    op.create_index(op.f("ix_policy_prints_created_at"), "policy_prints", ["created_at"])
    op.create_index("ix_policy_prints_bands", "policy_prints", ["bands"], postgresql_using="gin")

    op.drop_constraint(REASONS, "moderation_cases")
    op.create_check_constraint(REASONS, "moderation_cases", _one_of(BEFORE + ADDED))


def downgrade() -> None:
    op.drop_constraint(REASONS, "moderation_cases")
    op.create_check_constraint(REASONS, "moderation_cases", _one_of(BEFORE))
    op.drop_table("policy_prints")
    op.drop_table("policy_findings")
    op.drop_table("policy_checks")
