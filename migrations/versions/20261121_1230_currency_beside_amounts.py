"""A currency beside every amount, and the checks that were left to the code.

Why: a sum without its currency is only right as long as there is one currency; and what the
database refuses no mistake of ours can book.

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

WITHOUT = ("dispute_lines", "reconciliations", "reconciliation_differences", "desk_acts")
UNCHECKED = ("line_transfers", "transfer_reversals", "write_offs", "balance_transactions")


def upgrade() -> None:
    for table in WITHOUT:
        op.add_column(
            table, sa.Column("currency", sa.String(length=3), nullable=False, server_default="usd")
        )
        op.alter_column(table, "currency", server_default=None)
    for table in (*WITHOUT, *UNCHECKED):
        op.create_check_constraint(op.f(f"ck_{table}_currency_known"), table, "currency = 'usd'")
    op.create_check_constraint(
        op.f("ck_balance_transactions_net_is_exact"),
        "balance_transactions",
        "net_cents = cents - fee_cents",
    )
    op.create_check_constraint(
        op.f("ck_seller_payouts_cents_positive"), "seller_payouts", "cents > 0"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_seller_payouts_cents_positive"), "seller_payouts")
    op.drop_constraint(op.f("ck_balance_transactions_net_is_exact"), "balance_transactions")
    for table in (*WITHOUT, *UNCHECKED):
        op.drop_constraint(op.f(f"ck_{table}_currency_known"), table)
    for table in WITHOUT:
        op.drop_column(table, "currency")
