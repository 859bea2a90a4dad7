"""Runs that decide early, retry with a pause, can be cancelled, and never do work twice.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from marketplace.core.columns import HashBits

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATES = ("queued", "running", "completed", "errored")
VERDICTS = ("reproduced", "inconclusive", "mismatch", "copied")
KINDS = ("listing", "preflight", "reverification")
WAITING = sa.text("state = 'queued'")

# Proof: a rehearsal is none. live_needs_proof asks for a case with a run; these two keep every
# case away from preflights, and keep a closed preflight from being renamed.
NO_REHEARSALS = """
CREATE FUNCTION cases_need_real_runs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM verification_runs WHERE id = NEW.run_id AND kind = 'preflight'
    ) THEN
        RAISE EXCEPTION 'run % is a preflight and proves nothing', NEW.run_id
            USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END $$
"""
NO_REHEARSALS_TRIGGER = """
CREATE TRIGGER cases_need_real_runs BEFORE INSERT OR UPDATE OF run_id ON moderation_cases
FOR EACH ROW EXECUTE FUNCTION cases_need_real_runs()
"""
KIND_STAYS = """
CREATE FUNCTION closed_runs_keep_their_kind() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.kind <> OLD.kind AND OLD.state NOT IN ('queued', 'running') THEN
        RAISE EXCEPTION 'run % is over and stays a %', OLD.id, OLD.kind USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END $$
"""
KIND_STAYS_TRIGGER = """
CREATE TRIGGER closed_runs_keep_their_kind BEFORE UPDATE OF kind ON verification_runs
FOR EACH ROW EXECUTE FUNCTION closed_runs_keep_their_kind()
"""
RANDOM_BYTES = sa.text("uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())")


def upgrade() -> None:
    """Columns of runs and checks, and the cache of generated pictures."""
    _allow("run_state", "state", (*STATES, "cancelled"))
    _allow("verdict", "verdict", (*VERDICTS, "not_rerun"))
    op.alter_column(
        "verification_runs", "engine", type_=sa.String(200), existing_type=sa.String(40)
    )
    for column in _run_columns():
        op.add_column("verification_runs", column)
    _allow("run_kind", "kind", KINDS)
    op.create_index(
        "ix_verification_runs_waiting",
        "verification_runs",
        ["queue", "created_at"],
        postgresql_where=WAITING,
    )
    for column in _check_columns():
        op.add_column("sample_checks", column)
    op.create_table("generation_cache", *_cache_columns())
    op.create_index("ix_generation_cache_created_at", "generation_cache", ["created_at"])
    op.create_index("ix_generation_cache_used_at", "generation_cache", ["used_at"])
    for statement in (NO_REHEARSALS, NO_REHEARSALS_TRIGGER, KIND_STAYS, KIND_STAYS_TRIGGER):
        op.execute(statement)


def downgrade() -> None:
    """Runs that the older tables have no word for go."""
    op.execute("DROP TRIGGER closed_runs_keep_their_kind ON verification_runs")
    op.execute("DROP TRIGGER cases_need_real_runs ON moderation_cases")
    op.execute("DROP FUNCTION closed_runs_keep_their_kind")
    op.execute("DROP FUNCTION cases_need_real_runs")
    op.drop_table("generation_cache")
    for column in _check_columns():
        op.drop_column("sample_checks", column.name)
    op.drop_index("ix_verification_runs_waiting", "verification_runs")
    op.execute(
        "DELETE FROM verification_runs WHERE state = 'cancelled' OR verdict = 'not_rerun' "
        "OR kind <> 'listing' OR length(engine) > 40"
    )
    op.drop_constraint("ck_verification_runs_run_kind", "verification_runs")
    for column in _run_columns():
        op.drop_column("verification_runs", column.name)
    op.alter_column(
        "verification_runs", "engine", type_=sa.String(40), existing_type=sa.String(200)
    )
    _allow("verdict", "verdict", VERDICTS)
    _allow("run_state", "state", STATES)


def _run_columns() -> list[sa.Column[object]]:
    moment = sa.DateTime(timezone=True)
    return [
        sa.Column("queue", sa.String(60), nullable=False, server_default="engine.diffusers"),
        sa.Column("kind", sa.String(40), nullable=False, server_default="listing"),
        sa.Column("reason", sa.String(200)),
        sa.Column("work_units", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("evaluations", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("not_before", moment),
        sa.Column("waits", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("cancel_requested_at", moment),
        sa.Column("decision", postgresql.JSONB()),
        sa.Column("calibration_version", sa.String(80)),
        sa.Column("order_secret", sa.LargeBinary(), nullable=False, server_default=RANDOM_BYTES),
        sa.Column("content_digest", sa.LargeBinary()),
    ]


def _check_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("hypothesis", sa.String(20), nullable=False, server_default="declared"),
        sa.Column("stopped_at_share", sa.Float()),
        sa.Column("evaluations", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("cached", sa.Boolean(), nullable=False, server_default=sa.false()),
    ]


def _cache_columns() -> list[sa.schema.SchemaItem]:
    moment = sa.DateTime(timezone=True)
    now = sa.text("clock_timestamp()")
    return [
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("blob_key", sa.String(160), nullable=False),
        sa.Column("engine", sa.String(200), nullable=False),
        sa.Column("derivatives", postgresql.JSONB(), nullable=False),
        sa.Column("provenance", postgresql.JSONB(), nullable=False),
        sa.Column("evaluations", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("prompt_truncated", sa.Boolean(), nullable=False),
        sa.Column("created_at", moment, server_default=now, nullable=False),
        sa.Column("used_at", moment, server_default=now, nullable=False),
        sa.Column("pdq", HashBits(256)),
        sa.Column("pdq_quality", sa.Integer()),
        sa.Column("phash64", HashBits(64)),
        sa.Column("dct256", HashBits(256)),
        sa.Column("fingerprint_version", sa.Integer()),
        sa.PrimaryKeyConstraint("key", name="pk_generation_cache"),
    ]


def _allow(name: str, column: str, values: tuple[str, ...]) -> None:
    """Let a text column hold exactly these values."""
    constraint = f"ck_verification_runs_{name}"
    op.execute(f"ALTER TABLE verification_runs DROP CONSTRAINT IF EXISTS {constraint}")
    listed = ", ".join(f"'{value}'" for value in values)
    op.create_check_constraint(op.f(constraint), "verification_runs", f"{column} IN ({listed})")
