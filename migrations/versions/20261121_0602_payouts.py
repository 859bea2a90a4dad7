"""Payout settings, payouts that Bracket asks for, what sellers' accounts need, notices.

Why: a payout is money that moves, so its row comes before the call; and what the provider asks of
a seller has to be known before the seller wonders why nothing is paid.

Revision ID: 0011
Revises: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLES = ("connected_accounts", "payout_requests", "payout_settings", "seller_notices")
SCHEDULES = ("threshold", "weekly", "monthly", "manual")
STATUSES = ("none", "onboarding", "pending", "active", "restricted", "rejected")


def upgrade() -> None:
    _connected_accounts()
    _payout_requests()
    _payout_settings()
    _seller_notices()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _connected_accounts() -> None:
    name = "connected_accounts"
    op.create_table(
        name,
        sa.Column("seller_id", sa.String(length=13), nullable=False),
        sa.Column("status", _enum("connected_account_status", *STATUSES), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("requirements", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("has_been_active", sa.Boolean(), nullable=False),
        sa.Column("told", sa.String(length=64), nullable=True),
        _moment("asked_at"),
        _moment("checked_at"),
        _created(),
        _of_seller(name),
        sa.PrimaryKeyConstraint("seller_id", name=op.f(f"pk_{name}")),
    )
    _index_created(name)


def _payout_requests() -> None:
    name = "payout_requests"
    op.create_table(
        name,
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("seller_id", sa.String(length=13), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column(
            "state", _enum("payout_request_state", "pending", "done", "refused"), nullable=False
        ),
        sa.Column("asked_by", sa.String(length=13), nullable=True),
        sa.Column("payout_id", sa.String(length=64), nullable=True),
        sa.Column("refused_code", sa.String(length=80), nullable=True),
        _moment("tried_at"),
        _created(),
        _moment("finished_at"),
        sa.CheckConstraint("cents > 0", name=op.f(f"ck_{name}_cents_positive")),
        sa.CheckConstraint("currency = 'usd'", name=op.f(f"ck_{name}_currency_known")),
        sa.CheckConstraint(
            "(state = 'done') = (payout_id IS NOT NULL)", name=op.f(f"ck_{name}_done_has_payout")
        ),
        _of_seller(name),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sa.UniqueConstraint("payout_id", name=op.f(f"uq_{name}_payout_id")),
    )
    _index_created(name)
    op.create_index(op.f(f"ix_{name}_seller_id"), name, ["seller_id"], unique=False)
    op.create_index(
        f"uq_{name}_pending",
        name,
        ["seller_id"],
        unique=True,
        postgresql_where=sa.text("state = 'pending'"),
    )


def _payout_settings() -> None:
    name = "payout_settings"
    op.create_table(
        name,
        sa.Column("seller_id", sa.String(length=13), nullable=False),
        sa.Column("schedule", _enum("payout_schedule", *SCHEDULES), nullable=False),
        sa.Column("threshold_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("asked", sa.String(length=20), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("applied", sa.String(length=20), nullable=True),
        sa.Column("refused_code", sa.String(length=80), nullable=True),
        _moment("tried_at"),
        _moment("considered_at"),
        _moment("watched_at"),
        _moment("resumed_at"),
        _moment("changed_at"),
        _created(),
        sa.CheckConstraint(
            "threshold_cents BETWEEN 1000 AND 100000", name=op.f(f"ck_{name}_threshold_in_range")
        ),
        sa.CheckConstraint("currency = 'usd'", name=op.f(f"ck_{name}_currency_known")),
        _of_seller(name),
        sa.PrimaryKeyConstraint("seller_id", name=op.f(f"pk_{name}")),
    )
    _index_created(name)


def _seller_notices() -> None:
    name = "seller_notices"
    op.create_table(
        name,
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("seller_id", sa.String(length=13), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        _created(),
        _of_seller(name),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )
    _index_created(name)
    op.create_index(op.f(f"ix_{name}_seller_id"), name, ["seller_id"], unique=False)
    op.create_index(f"uq_{name}_subject", name, ["kind", "subject"], unique=True)


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def _created() -> sa.Column[object]:
    return sa.Column(
        "created_at",
        sa.DateTime(timezone=True),
        server_default=sa.text("clock_timestamp()"),
        nullable=False,
    )


def _of_seller(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["seller_id"],
        ["seller_profiles.user_id"],
        name=op.f(f"fk_{table}_seller_id_seller_profiles"),
    )


def _index_created(table: str) -> None:
    op.create_index(op.f(f"ix_{table}_created_at"), table, ["created_at"], unique=False)
