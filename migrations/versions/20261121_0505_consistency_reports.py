"""Consistency reports: what a prompt makes of values and seeds that nobody picked.

Why: a buyer wants to know what the prompt does with values that its seller did not choose; and a
seller wants to see all the evidence before submitting (preflights).

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "consistency_reports",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("version_id", sa.String(length=13), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                "public",
                "preview",
                name="consistency_purpose",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "running",
                "completed",
                "errored",
                "cancelled",
                name="consistency_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("engine", sa.String(length=200), nullable=False),
        sa.Column("queue", sa.String(length=60), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("fills", sa.Integer(), nullable=False),
        sa.Column("seeds", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("pictures_total", sa.Integer(), nullable=False),
        sa.Column("pictures_done", sa.Integer(), nullable=False),
        sa.Column("work_units", sa.Integer(), nullable=False),
        sa.Column("lease", sa.String(length=32), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("provenance", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("summary", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("error_code", sa.String(length=60), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'completed') = (summary IS NOT NULL)",
            name=op.f("ck_consistency_reports_completed_has_summary"),
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["listing_versions.id"],
            name=op.f("fk_consistency_reports_version_id_listing_versions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consistency_reports")),
    )
    op.create_index(
        op.f("ix_consistency_reports_created_at"),
        "consistency_reports",
        ["created_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_consistency_reports_heartbeat_at"),
        "consistency_reports",
        ["heartbeat_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_consistency_reports_version_id"),
        "consistency_reports",
        ["version_id"],
        unique=False,
    )
    op.create_index(
        "uq_consistency_reports_open",
        "consistency_reports",
        ["version_id", "purpose"],
        unique=True,
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    op.create_table(
        "consistency_pictures",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("report_id", sa.String(length=13), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("fill", sa.Integer(), nullable=True),
        sa.Column("seed_column", sa.Integer(), nullable=True),
        sa.Column("variable", sa.String(length=40), nullable=True),
        sa.Column("choice", sa.String(length=120), nullable=True),
        sa.Column("values", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "planned",
                "made",
                "failed",
                name="consistency_picture_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("failure", sa.String(length=40), nullable=True),
        sa.Column("hits", sa.Integer(), nullable=True),
        sa.Column("judged", sa.Integer(), nullable=True),
        sa.Column("adherence", sa.Double(), nullable=True),
        sa.Column("descriptor", sa.LargeBinary(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("derivatives", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("pdq", postgresql.BIT(length=256), nullable=True),
        sa.Column("pdq_quality", sa.Integer(), nullable=True),
        sa.Column("phash64", postgresql.BIT(length=64), nullable=True),
        sa.Column("dct256", postgresql.BIT(length=256), nullable=True),
        sa.Column("fingerprint_version", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(state = 'failed') = (failure IS NOT NULL)",
            name=op.f("ck_consistency_pictures_failed_says_why"),
        ),
        sa.CheckConstraint(
            "(fill IS NULL) = (seed_column IS NULL)",
            name=op.f("ck_consistency_pictures_grid_has_both"),
        ),
        sa.CheckConstraint(
            "(fill IS NULL) = (variable IS NOT NULL)",
            name=op.f("ck_consistency_pictures_grid_or_map"),
        ),
        sa.CheckConstraint(
            "seed >= 0 AND seed < 4294967296", name=op.f("ck_consistency_pictures_seed_is_32_bit")
        ),
        sa.ForeignKeyConstraint(
            ["report_id"],
            ["consistency_reports.id"],
            name=op.f("fk_consistency_pictures_report_id_consistency_reports"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consistency_pictures")),
        sa.UniqueConstraint(
            "report_id", "number", name=op.f("uq_consistency_pictures_report_id_number")
        ),
    )
    op.create_index(
        op.f("ix_consistency_pictures_created_at"),
        "consistency_pictures",
        ["created_at"],
        unique=False,
    )
    op.create_table(
        "consistency_report_events",
        sa.Column("report_id", sa.String(length=13), nullable=False),
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("from_state", sa.String(length=40), nullable=True),
        sa.Column("to_state", sa.String(length=40), nullable=False),
        sa.Column("actor_id", sa.String(length=13), nullable=True),
        sa.Column("reason", sa.String(length=2000), nullable=True),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["report_id"],
            ["consistency_reports.id"],
            name=op.f("fk_consistency_report_events_report_id_consistency_reports"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consistency_report_events")),
    )
    op.create_index(
        op.f("ix_consistency_report_events_at"), "consistency_report_events", ["at"], unique=False
    )
    op.create_index(
        op.f("ix_consistency_report_events_report_id"),
        "consistency_report_events",
        ["report_id"],
        unique=False,
    )
    op.create_table(
        "preflights",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("seller_id", sa.String(length=13), nullable=False),
        sa.Column("version_id", sa.String(length=13), nullable=False),
        sa.Column("run_id", sa.String(length=13), nullable=False),
        sa.Column("report_id", sa.String(length=13), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("findings", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "finished",
                "cancelled",
                "failed",
                name="preflight_outcome",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(outcome IS NULL) = (closed_at IS NULL)", name=op.f("ck_preflights_closed_has_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["report_id"],
            ["consistency_reports.id"],
            name=op.f("fk_preflights_report_id_consistency_reports"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["verification_runs.id"],
            name=op.f("fk_preflights_run_id_verification_runs"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["seller_id"],
            ["seller_profiles.user_id"],
            name=op.f("fk_preflights_seller_id_seller_profiles"),
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["listing_versions.id"],
            name=op.f("fk_preflights_version_id_listing_versions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preflights")),
    )
    op.create_index(op.f("ix_preflights_created_at"), "preflights", ["created_at"], unique=False)
    op.create_index(op.f("ix_preflights_report_id"), "preflights", ["report_id"], unique=False)
    op.create_index(op.f("ix_preflights_run_id"), "preflights", ["run_id"], unique=False)
    op.create_index(
        "ix_preflights_seller_id_created_at",
        "preflights",
        ["seller_id", "created_at"],
        unique=False,
    )
    op.create_index(op.f("ix_preflights_version_id"), "preflights", ["version_id"], unique=False)
    op.create_index(
        "uq_preflights_open",
        "preflights",
        ["seller_id"],
        unique=True,
        postgresql_where=sa.text("outcome IS NULL"),
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON consistency_report_events "
        "FOR EACH ROW EXECUTE FUNCTION append_only()"
    )


def downgrade() -> None:
    for table in (
        "preflights",
        "consistency_report_events",
        "consistency_pictures",
        "consistency_reports",
    ):
        op.drop_table(table)
