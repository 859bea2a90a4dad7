"""What happens to listings when a model or a worker's environment changes.

Why: a report says what a model made on the day it was run. When the model or the libraries under
it change, live listings have to prove themselves again, and people must be able to see the outcome.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

EVENT_TABLES = {"engine_worker_events": "worker_id", "reverification_events": "reverification_id"}
PARENTS = {"worker_id": "engine_workers", "reverification_id": "reverifications"}


def upgrade() -> None:
    for name in ("degraded_since", "fix_by"):
        op.add_column(
            "listing_versions", sa.Column(name, sa.DateTime(timezone=True), nullable=True)
        )
    _engine_workers()
    _model_changes()
    _reverifications()
    for table, column in EVENT_TABLES.items():
        _events(table, column, PARENTS[column])


def downgrade() -> None:
    for table in (*EVENT_TABLES, "reverifications", "model_changes", "engine_workers"):
        op.drop_table(table)
    op.drop_column("listing_versions", "fix_by")
    op.drop_column("listing_versions", "degraded_since")


def _engine_workers() -> None:
    op.create_table(
        "engine_workers",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("engine", sa.String(length=200), nullable=False),
        sa.Column("state", _enum("engine_worker_state", "serving", "withdrawn"), nullable=False),
        sa.Column("weights_sha256", sa.String(length=64), nullable=True),
        sa.Column("environment", sa.String(length=64), nullable=True),
        sa.Column("calibration_version", sa.String(length=400), nullable=True),
        sa.Column("distances", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("distance_max", sa.Integer(), nullable=True),
        sa.Column("message", sa.String(length=300), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_engine_workers")),
        sa.UniqueConstraint("name", "engine", name=op.f("uq_engine_workers_name_engine")),
    )


def _model_changes() -> None:
    op.create_table(
        "model_changes",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("engine", sa.String(length=200), nullable=False),
        sa.Column("weights_sha256", sa.String(length=64), nullable=True),
        sa.Column("environment", sa.String(length=64), nullable=True),
        sa.Column("what", sa.String(length=200), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True),
        _created_at("created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_changes")),
        sa.UniqueConstraint(
            "engine",
            "weights_sha256",
            "environment",
            name=op.f("uq_model_changes_engine_weights_sha256_environment"),
        ),
    )
    op.create_index(op.f("ix_model_changes_created_at"), "model_changes", ["created_at"])


def _reverifications() -> None:
    states = (
        "waiting",
        "running",
        "passed",
        "degraded",
        "mended",
        "expired",
        "referred",
        "dismissed",
        "dropped",
    )
    op.create_table(
        "reverifications",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("change_id", sa.String(length=13), nullable=False),
        sa.Column("version_id", sa.String(length=13), nullable=False),
        sa.Column("run_id", sa.String(length=13), nullable=True),
        sa.Column("state", _enum("reverification_state", *states), nullable=False),
        sa.Column("sales", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        _created_at("created_at"),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["change_id"],
            ["model_changes.id"],
            name=op.f("fk_reverifications_change_id_model_changes"),
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["verification_runs.id"],
            name=op.f("fk_reverifications_run_id_verification_runs"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["listing_versions.id"],
            name=op.f("fk_reverifications_version_id_listing_versions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reverifications")),
        sa.UniqueConstraint(
            "change_id", "version_id", name=op.f("uq_reverifications_change_id_version_id")
        ),
    )
    for column in ("created_at", "run_id", "state", "version_id"):
        op.create_index(op.f(f"ix_reverifications_{column}"), "reverifications", [column])
    op.create_index(
        "ix_reverifications_waiting",
        "reverifications",
        [sa.literal_column("sales DESC"), "created_at"],
        postgresql_where=sa.text("state = 'waiting'"),
    )


def _events(table: str, column: str, parent: str) -> None:
    op.create_table(
        table,
        sa.Column(column, sa.String(length=13), nullable=False),
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("from_state", sa.String(length=40), nullable=True),
        sa.Column("to_state", sa.String(length=40), nullable=False),
        sa.Column("actor_id", sa.String(length=13), nullable=True),
        sa.Column("reason", sa.String(length=2000), nullable=True),
        _created_at("at"),
        sa.ForeignKeyConstraint(
            [column],
            [f"{parent}.id"],
            name=op.f(f"fk_{table}_{column}_{parent}"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    op.create_index(op.f(f"ix_{table}_at"), table, ["at"])
    op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    op.execute(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION append_only()"
    )


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)


def _created_at(name: str) -> sa.Column[object]:
    return sa.Column(
        name,
        sa.DateTime(timezone=True),
        server_default=sa.text("clock_timestamp()"),
        nullable=False,
    )
