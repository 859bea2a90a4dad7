"""Bulk uploads as rows, which a worker takes in line by line.

Why: a table was taken in within its request, so that it could hold no more than 20 rows, and what
a process that died had left undone was nobody's.

Revision ID: 0036
Revises: 0035
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

DONE_IS_DONE = """
CREATE FUNCTION bulk_lines_are_done_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- A listing that is erased takes only the link to it along.
  IF OLD.state <> 'waiting' AND (
    NEW.listing_id IS NOT NULL AND NEW.listing_id IS DISTINCT FROM OLD.listing_id
    OR (NEW.upload_id, NEW.number, NEW.state, NEW.attempts, NEW.report_sealed, NEW.done_at)
       IS DISTINCT FROM
       (OLD.upload_id, OLD.number, OLD.state, OLD.attempts, OLD.report_sealed, OLD.done_at)
  ) THEN
    RAISE EXCEPTION 'what became of a line is written once';
  END IF;
  RETURN NEW;
END $$
"""
TRIGGER = """
CREATE TRIGGER bulk_lines_are_done_once BEFORE UPDATE ON bulk_lines
FOR EACH ROW EXECUTE FUNCTION bulk_lines_are_done_once()
"""


def _state(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)


def _moment(name: str, **options: object) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), **options)  # type: ignore[arg-type]


def _uploads() -> None:
    states = ("receiving", "queued", "running", "finished", "stopped")
    op.create_table(
        "bulk_uploads",
        sa.Column("seller_id", sa.String(length=13), nullable=False),
        sa.Column("state", _state("bulk_upload_state", *states), nullable=False),
        sa.Column("parts", postgresql.JSONB(), nullable=False),
        sa.Column("archive_bytes", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        _moment("not_before", nullable=True),
        _moment("created_at", server_default=sa.text("clock_timestamp()"), nullable=False),
        _moment("finished_at", nullable=True),
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("lease", sa.String(length=32), nullable=True),
        _moment("heartbeat_at", nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _moment("started_at", nullable=True),
        sa.CheckConstraint(
            "(state = 'running') = (lease IS NOT NULL)",
            name=op.f("ck_bulk_uploads_held_while_running"),
        ),
        sa.CheckConstraint(
            "(state IN ('finished', 'stopped')) = (finished_at IS NOT NULL)",
            name=op.f("ck_bulk_uploads_ends_once"),
        ),
        sa.ForeignKeyConstraint(
            ["seller_id"],
            ["seller_profiles.user_id"],
            name=op.f("fk_bulk_uploads_seller_id_seller_profiles"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_uploads")),
    )
    for column in ("created_at", "heartbeat_at", "seller_id"):
        op.create_index(op.f(f"ix_bulk_uploads_{column}"), "bulk_uploads", [column])
    op.create_index(
        "uq_bulk_uploads_at_work",
        *("bulk_uploads", ["seller_id"]),
        unique=True,
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )


def _lines() -> None:
    op.create_table(
        "bulk_lines",
        sa.Column("upload_id", sa.String(length=13), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "state",
            _state("bulk_line_state", "waiting", "ready", "drafted", "refused"),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("row_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("report_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("listing_id", sa.String(length=13), nullable=True),
        _moment("done_at", nullable=True),
        sa.CheckConstraint(
            "(state = 'waiting') = (row_sealed IS NOT NULL) AND "
            "(state = 'waiting') = (report_sealed IS NULL)",
            name=op.f("ck_bulk_lines_text_or_report"),
        ),
        sa.CheckConstraint(
            "listing_id IS NULL OR state IN ('ready', 'drafted')",
            name=op.f("ck_bulk_lines_listing_of_a_draft"),
        ),
        sa.ForeignKeyConstraint(
            ["upload_id"],
            ["bulk_uploads.id"],
            name=op.f("fk_bulk_lines_upload_id_bulk_uploads"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"],
            ["listings.id"],
            name=op.f("fk_bulk_lines_listing_id_listings"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("upload_id", "number", name=op.f("pk_bulk_lines")),
        sa.UniqueConstraint("listing_id", name=op.f("uq_bulk_lines_listing_id")),
    )


def upgrade() -> None:
    """Add the tables, and the trigger that keeps reports as they are."""
    _uploads()
    _lines()
    op.execute(DONE_IS_DONE)
    op.execute(TRIGGER)


def downgrade() -> None:
    """Forget uploads; the drafts made of them stay."""
    op.drop_table("bulk_lines")
    op.drop_table("bulk_uploads")
    op.execute("DROP FUNCTION bulk_lines_are_done_once")
