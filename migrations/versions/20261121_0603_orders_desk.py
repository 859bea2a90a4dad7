"""What people do at the orders desk.

Why: whoever gives money back, holds it, bears a debt or exports the books is named, with the reason,
in a table that nobody can change afterwards.

Revision ID: 0012
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0009"
branch_labels = None
depends_on = None

ACTS = (
    "refund",
    "refund_parked",
    "approve_request",
    "decline_request",
    "pay_by_hand",
    "hold_line",
    "release_line",
    "hold_seller",
    "release_seller",
    "write_off",
    "save_evidence",
    "submit_evidence",
    "accept_dispute",
    "reconcile",
    "resolve_alert",
    "retry_event",
    "export",
)


def upgrade() -> None:
    op.create_table(
        "desk_acts",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column(
            "act",
            sa.Enum(*ACTS, name="desk_act", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("actor_id", sa.String(length=13), nullable=True),
        sa.Column("order_id", sa.String(length=13), nullable=True),
        sa.Column("seller_id", sa.String(length=13), nullable=True),
        sa.Column("subject", sa.String(length=120), nullable=True),
        sa.Column("cents", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=2000), nullable=True),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["users.id"], name=op.f("fk_desk_acts_actor_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_desk_acts_order_id_orders")
        ),
        sa.ForeignKeyConstraint(
            ["seller_id"],
            ["seller_profiles.user_id"],
            name=op.f("fk_desk_acts_seller_id_seller_profiles"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_acts")),
    )
    for column in ("actor_id", "order_id", "seller_id", "at"):
        op.create_index(op.f(f"ix_desk_acts_{column}"), "desk_acts", [column])
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON desk_acts "
        "FOR EACH ROW EXECUTE FUNCTION append_only()"
    )


def downgrade() -> None:
    op.drop_table("desk_acts")
