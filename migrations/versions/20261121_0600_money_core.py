"""Refunds, reversals, disputes, holds, write-offs, rights that end, and daily reconciliation.

Why: money does not only come in. Each way back gets a row before the call to the provider, and
rows hold what the books need: how much of each line went back, and what its seller has of it.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ORDER_STATES = ("draft", "awaiting_payment", "paid", "expired", "review")
NEW_ORDER_STATES = ("partially_refunded", "refunded", "disputed", "charged_back")
TRANSFER_STATES = ("not_due", "pending", "held", "done")
NEW_TRANSFER_STATES = ("partially_reversed", "reversed", "reversal_failed", "cancelled")
TABLES = (
    "balance_transactions",
    "money_alerts",
    "reconciliations",
    "webhook_troubles",
    "reconciliation_differences",
    "disputes",
    "fraud_warnings",
    "payment_attempts",
    "seller_holds",
    "seller_payouts",
    "write_offs",
    "dispute_events",
    "dispute_lines",
    "line_transfers",
    "refund_requests",
    "library_accesses",
    "refunds",
    "transfer_reversals",
)
"""In the order in which they refer to each other."""
ORDER_COLUMNS = (
    "tax_cents",
    "refunded_cents",
    "arrived_cents",
    "billing_name",
    "billing_country",
    "billing_line1",
    "billing_line2",
    "billing_city",
    "billing_postal_code",
    "billing_state",
    "billing_tax_id",
    "terms_accepted_at",
    "terms_version",
    "buyer_address_hash",
    "card_fingerprint",
    "card_country",
    "card_brand",
    "card_last4",
)
LINE_COLUMNS = (
    "position",
    "tax_cents",
    "refunded_cents",
    "refunded_seller_cents",
    "refunded_tax_cents",
    "transferred_cents",
    "netted_cents",
    "reversed_cents",
    "recovered_cents",
    "hold_until",
    "held_note",
    "held_by",
)
LINE_CHECKS = {
    "held_says_why": "transfer_state <> 'held' OR held_code IS NOT NULL",
    "refunded_at_most_paid": "refunded_cents BETWEEN 0 AND price_cents"
    " AND refunded_tax_cents BETWEEN 0 AND tax_cents"
    " AND refunded_seller_cents BETWEEN 0 AND seller_cents"
    " AND refunded_cents - refunded_seller_cents BETWEEN 0 AND commission_cents",
    "seller_gets_at_most_the_share": "transferred_cents >= 0 AND netted_cents >= 0"
    " AND reversed_cents >= 0 AND recovered_cents >= 0 AND transferred_cents + netted_cents"
    " - reversed_cents - recovered_cents BETWEEN 0 AND seller_cents",
}
PAID_HAS_CHARGE = "OR (paid_at IS NOT NULL AND charge_id IS NOT NULL)"

# Sales from before this migration: what was transferred becomes a row that can be reversed.
OLD_TRANSFERS = """
INSERT INTO line_transfers (id, line_id, seller_id, kind, state, attempt, cents, currency,
    from_balance, destination, transfer_id, reversed_cents, done_at)
SELECT l.id, l.id, l.seller_id, 'transfer', 'done', l.transfer_attempt, l.seller_cents,
    l.currency, false, s.stripe_account_id, l.transfer_id, 0, coalesce(o.paid_at, o.created_at)
FROM order_lines l JOIN orders o ON o.id = l.order_id
    JOIN seller_profiles s ON s.user_id = l.seller_id
WHERE l.transfer_state = 'done' AND l.seller_cents > 0
"""


def upgrade() -> None:
    _orders()
    _lines()
    _rights_and_books()
    for make in (
        _balance_transactions,
        _money_alerts,
        _reconciliations,
        _webhook_troubles,
        _reconciliation_differences,
        _disputes,
        _fraud_warnings,
        _payment_attempts,
        _seller_holds,
        _seller_payouts,
        _write_offs,
        _dispute_events,
        _dispute_lines,
        _line_transfers,
        _refund_requests,
        _library_accesses,
        _refunds,
        _transfer_reversals,
    ):
        make()
    op.execute(
        "UPDATE order_lines SET transferred_cents = seller_cents WHERE transfer_state = 'done'"
    )
    op.execute(OLD_TRANSFERS)
    op.execute(
        "UPDATE orders o SET arrived_cents = coalesce((SELECT sum(p.amount_cents) FROM"
        " ledger_postings p JOIN ledger_entries e ON e.id = p.entry_id WHERE e.order_id = o.id"
        " AND e.kind = 'charge' AND p.account = 'stripe_balance'), 0)"
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON dispute_events "
        "FOR EACH ROW EXECUTE FUNCTION append_only()"
    )
    _line_checks()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_column("stripe_events", "retried_by")
    op.drop_index("uq_entitlements_buyer_listing", "entitlements")
    for column in ("state", "reason", "changed_at"):
        op.drop_column("entitlements", column)
    op.create_index(
        "uq_entitlements_buyer_listing", "entitlements", ["buyer_id", "listing_id"], unique=True
    )
    op.drop_column("ledger_entries", "memo")
    op.drop_column("ledger_postings", "line_id")
    for name in (*LINE_CHECKS, "done_has_transfer"):
        op.drop_constraint(op.f(f"ck_order_lines_{name}"), "order_lines")
    op.create_check_constraint(
        op.f("ck_order_lines_done_has_transfer"),
        "order_lines",
        "(transfer_state = 'done') = (transfer_id IS NOT NULL)",
    )
    for column in LINE_COLUMNS:
        op.drop_column("order_lines", column)
    for name in ("paid_has_charge", "tax_not_negative", "refunded_at_most_paid"):
        op.drop_constraint(op.f(f"ck_orders_{name}"), "orders")
    op.create_check_constraint(
        op.f("ck_orders_paid_has_charge"), "orders", f"state <> 'paid' {PAID_HAS_CHARGE}"
    )
    for column in ORDER_COLUMNS:
        op.drop_column("orders", column)
    _states("orders", "state", "order_state", ORDER_STATES)
    _states("order_lines", "transfer_state", "transfer_state", TRANSFER_STATES)


def _orders() -> None:
    _states("orders", "state", "order_state", (*ORDER_STATES, *NEW_ORDER_STATES))
    op.add_column(
        "orders",
        sa.Column("tax_cents", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column(
        "orders",
        sa.Column("refunded_cents", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column(
        "orders",
        sa.Column("arrived_cents", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column("orders", sa.Column("billing_name", sa.String(length=120), nullable=True))
    op.add_column("orders", sa.Column("billing_country", sa.String(length=2), nullable=True))
    op.add_column("orders", sa.Column("billing_line1", sa.String(length=200), nullable=True))
    op.add_column("orders", sa.Column("billing_line2", sa.String(length=200), nullable=True))
    op.add_column("orders", sa.Column("billing_city", sa.String(length=100), nullable=True))
    op.add_column("orders", sa.Column("billing_postal_code", sa.String(length=20), nullable=True))
    op.add_column("orders", sa.Column("billing_state", sa.String(length=60), nullable=True))
    op.add_column("orders", sa.Column("billing_tax_id", sa.String(length=40), nullable=True))
    op.add_column(
        "orders", sa.Column("terms_accepted_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("orders", sa.Column("terms_version", sa.String(length=40), nullable=True))
    op.add_column("orders", sa.Column("buyer_address_hash", sa.String(length=64), nullable=True))
    op.add_column("orders", sa.Column("card_fingerprint", sa.String(length=40), nullable=True))
    op.add_column("orders", sa.Column("card_country", sa.String(length=2), nullable=True))
    op.add_column("orders", sa.Column("card_brand", sa.String(length=30), nullable=True))
    op.add_column("orders", sa.Column("card_last4", sa.String(length=4), nullable=True))
    op.create_index(
        op.f("ix_orders_buyer_address_hash"), "orders", ["buyer_address_hash"], unique=False
    )
    op.create_index(
        op.f("ix_orders_card_fingerprint"), "orders", ["card_fingerprint"], unique=False
    )
    op.drop_constraint(op.f("ck_orders_paid_has_charge"), "orders")
    op.create_check_constraint(
        op.f("ck_orders_paid_has_charge"),
        "orders",
        f"state NOT IN ('paid', 'partially_refunded', 'charged_back') {PAID_HAS_CHARGE}",
    )
    op.create_check_constraint(op.f("ck_orders_tax_not_negative"), "orders", "tax_cents >= 0")
    op.create_check_constraint(
        op.f("ck_orders_refunded_at_most_paid"),
        "orders",
        "refunded_cents BETWEEN 0 AND greatest(total_cents + tax_cents, arrived_cents)",
    )


def _lines() -> None:
    states = (*TRANSFER_STATES, *NEW_TRANSFER_STATES)
    _states("order_lines", "transfer_state", "transfer_state", states)
    op.add_column(
        "order_lines",
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column(
        "order_lines",
        sa.Column("tax_cents", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column(
        "order_lines",
        sa.Column("refunded_cents", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column(
        "order_lines",
        sa.Column(
            "refunded_seller_cents", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
    )
    op.add_column(
        "order_lines",
        sa.Column(
            "refunded_tax_cents", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
    )
    op.add_column(
        "order_lines",
        sa.Column(
            "transferred_cents", sa.BigInteger(), server_default=sa.text("0"), nullable=False
        ),
    )
    op.add_column(
        "order_lines",
        sa.Column("netted_cents", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column(
        "order_lines",
        sa.Column("reversed_cents", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column(
        "order_lines",
        sa.Column("recovered_cents", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column("order_lines", sa.Column("hold_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("order_lines", sa.Column("held_note", sa.String(length=500), nullable=True))
    op.add_column("order_lines", sa.Column("held_by", sa.String(length=13), nullable=True))


def _line_checks() -> None:
    """Only after old sales say what was transferred."""
    op.drop_constraint(op.f("ck_order_lines_done_has_transfer"), "order_lines")
    op.create_check_constraint(
        op.f("ck_order_lines_done_has_transfer"),
        "order_lines",
        "transfer_state <> 'done' OR transfer_id IS NOT NULL OR netted_cents > 0",
    )
    for name, check in LINE_CHECKS.items():
        op.create_check_constraint(op.f(f"ck_order_lines_{name}"), "order_lines", check)


def _rights_and_books() -> None:
    op.add_column(
        "entitlements",
        sa.Column(
            "state",
            sa.Enum(
                "granted",
                "suspended",
                "revoked",
                name="entitlement_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            server_default="granted",
            nullable=False,
        ),
    )
    op.add_column("entitlements", sa.Column("reason", sa.String(length=200), nullable=True))
    op.add_column(
        "entitlements", sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("ledger_entries", sa.Column("memo", sa.String(length=500), nullable=True))
    op.add_column("ledger_postings", sa.Column("line_id", sa.String(length=13), nullable=True))
    op.create_index(
        op.f("ix_ledger_postings_line_id"), "ledger_postings", ["line_id"], unique=False
    )
    op.create_foreign_key(
        op.f("fk_ledger_postings_line_id_order_lines"),
        "ledger_postings",
        "order_lines",
        ["line_id"],
        ["id"],
    )
    op.add_column("stripe_events", sa.Column("retried_by", sa.String(length=13), nullable=True))
    op.drop_index("uq_entitlements_buyer_listing", "entitlements")
    op.create_index(
        "uq_entitlements_buyer_listing",
        "entitlements",
        ["buyer_id", "listing_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'revoked'"),
    )


def _states(table: str, column: str, name: str, states: tuple[str, ...]) -> None:
    """Replace the list of states that a column may hold."""
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
    listed = ", ".join(f"'{state}'" for state in states)
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, f"{column} IN ({listed})")


def _balance_transactions() -> None:
    op.create_table(
        "balance_transactions",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=60), nullable=False),
        sa.Column("reporting_category", sa.String(length=60), nullable=False),
        sa.Column("source_id", sa.String(length=80), nullable=True),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("fee_cents", sa.BigInteger(), nullable=False),
        sa.Column("net_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_balance_transactions")),
    )
    op.create_index(
        op.f("ix_balance_transactions_created"), "balance_transactions", ["created"], unique=False
    )
    op.create_index(
        op.f("ix_balance_transactions_seen_at"), "balance_transactions", ["seen_at"], unique=False
    )
    op.create_index(
        op.f("ix_balance_transactions_source_id"),
        "balance_transactions",
        ["source_id"],
        unique=False,
    )


def _money_alerts() -> None:
    op.create_table(
        "money_alerts",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("order_id", sa.String(length=13), nullable=True),
        sa.Column("message", sa.String(length=300), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.String(length=13), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_money_alerts")),
    )
    op.create_index(
        op.f("ix_money_alerts_created_at"), "money_alerts", ["created_at"], unique=False
    )
    op.create_index(
        "uq_money_alerts_open",
        "money_alerts",
        ["kind", "subject"],
        unique=True,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )


def _reconciliations() -> None:
    op.create_table(
        "reconciliations",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("ledger_cents", sa.BigInteger(), nullable=False),
        sa.Column("transactions_cents", sa.BigInteger(), nullable=False),
        sa.Column("balance_cents", sa.BigInteger(), nullable=False),
        sa.Column("trial_cents", sa.BigInteger(), nullable=False),
        sa.Column("transactions", sa.Integer(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("explained_cents", sa.BigInteger(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliations")),
    )
    op.create_index(
        op.f("ix_reconciliations_created_at"), "reconciliations", ["created_at"], unique=False
    )
    op.create_index(op.f("ix_reconciliations_day"), "reconciliations", ["day"], unique=False)


def _webhook_troubles() -> None:
    op.create_table(
        "webhook_troubles",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("endpoint", sa.String(length=20), nullable=False),
        sa.Column("cause", sa.String(length=30), nullable=False),
        sa.Column("count", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("skew_seconds", sa.Integer(), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", "endpoint", "cause", name=op.f("pk_webhook_troubles")),
    )


def _reconciliation_differences() -> None:
    op.create_table(
        "reconciliation_differences",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("reconciliation_id", sa.String(length=13), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("order_id", sa.String(length=13), nullable=True),
        sa.Column("stripe_cents", sa.BigInteger(), nullable=True),
        sa.Column("ledger_cents", sa.BigInteger(), nullable=True),
        sa.Column("message", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["reconciliation_id"],
            ["reconciliations.id"],
            name=op.f("fk_reconciliation_differences_reconciliation_id_reconciliations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation_differences")),
    )
    op.create_index(
        op.f("ix_reconciliation_differences_reconciliation_id"),
        "reconciliation_differences",
        ["reconciliation_id"],
        unique=False,
    )


def _disputes() -> None:
    op.create_table(
        "disputes",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("dispute_id", sa.String(length=64), nullable=False),
        sa.Column("order_id", sa.String(length=13), nullable=False),
        sa.Column("charge_id", sa.String(length=64), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("withdrawn_cents", sa.BigInteger(), nullable=False),
        sa.Column("fee_cents", sa.BigInteger(), nullable=False),
        sa.Column("due_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_by", sa.String(length=13), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_by", sa.String(length=13), nullable=True),
        sa.Column("evidence_sent", sa.Boolean(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint("currency = 'usd'", name=op.f("ck_disputes_currency_known")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_disputes_order_id_orders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disputes")),
        sa.UniqueConstraint("dispute_id", name=op.f("uq_disputes_dispute_id")),
    )
    op.create_index(op.f("ix_disputes_charge_id"), "disputes", ["charge_id"], unique=False)
    op.create_index(op.f("ix_disputes_created_at"), "disputes", ["created_at"], unique=False)
    op.create_index(op.f("ix_disputes_order_id"), "disputes", ["order_id"], unique=False)
    op.create_index(op.f("ix_disputes_status"), "disputes", ["status"], unique=False)


def _fraud_warnings() -> None:
    op.create_table(
        "fraud_warnings",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("warning_id", sa.String(length=64), nullable=False),
        sa.Column("order_id", sa.String(length=13), nullable=False),
        sa.Column("charge_id", sa.String(length=64), nullable=False),
        sa.Column("fraud_type", sa.String(length=60), nullable=False),
        sa.Column("actionable", sa.Boolean(), nullable=False),
        sa.Column("refunded", sa.Boolean(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_fraud_warnings_order_id_orders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fraud_warnings")),
        sa.UniqueConstraint("warning_id", name=op.f("uq_fraud_warnings_warning_id")),
    )
    op.create_index(
        op.f("ix_fraud_warnings_created_at"), "fraud_warnings", ["created_at"], unique=False
    )
    op.create_index(
        op.f("ix_fraud_warnings_order_id"), "fraud_warnings", ["order_id"], unique=False
    )


def _payment_attempts() -> None:
    op.create_table(
        "payment_attempts",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("order_id", sa.String(length=13), nullable=False),
        sa.Column("buyer_id", sa.String(length=13), nullable=False),
        sa.Column("charge_id", sa.String(length=80), nullable=False),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.Column("code", sa.String(length=80), nullable=True),
        sa.Column("card_fingerprint", sa.String(length=40), nullable=True),
        sa.Column("card_country", sa.String(length=2), nullable=True),
        sa.Column("address_hash", sa.String(length=64), nullable=True),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["buyer_id"], ["users.id"], name=op.f("fk_payment_attempts_buyer_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_payment_attempts_order_id_orders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_attempts")),
        sa.UniqueConstraint("charge_id", name=op.f("uq_payment_attempts_charge_id")),
    )
    op.create_index(
        op.f("ix_payment_attempts_address_hash"), "payment_attempts", ["address_hash"], unique=False
    )
    op.create_index(op.f("ix_payment_attempts_at"), "payment_attempts", ["at"], unique=False)
    op.create_index(
        op.f("ix_payment_attempts_buyer_id"), "payment_attempts", ["buyer_id"], unique=False
    )
    op.create_index(
        op.f("ix_payment_attempts_card_fingerprint"),
        "payment_attempts",
        ["card_fingerprint"],
        unique=False,
    )
    op.create_index(
        op.f("ix_payment_attempts_order_id"), "payment_attempts", ["order_id"], unique=False
    )


def _seller_holds() -> None:
    op.create_table(
        "seller_holds",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("seller_id", sa.String(length=13), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("placed_by", sa.String(length=13), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.String(length=13), nullable=True),
        sa.Column("release_reason", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(
            ["placed_by"], ["users.id"], name=op.f("fk_seller_holds_placed_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["seller_id"],
            ["seller_profiles.user_id"],
            name=op.f("fk_seller_holds_seller_id_seller_profiles"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seller_holds")),
    )
    op.create_index(
        op.f("ix_seller_holds_created_at"), "seller_holds", ["created_at"], unique=False
    )
    op.create_index(op.f("ix_seller_holds_seller_id"), "seller_holds", ["seller_id"], unique=False)
    op.create_index(
        "uq_seller_holds_open",
        "seller_holds",
        ["seller_id"],
        unique=True,
        postgresql_where=sa.text("released_at IS NULL"),
    )


def _seller_payouts() -> None:
    op.create_table(
        "seller_payouts",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("seller_id", sa.String(length=13), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("payout_id", sa.String(length=64), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("arrival_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure_code", sa.String(length=80), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["seller_id"],
            ["seller_profiles.user_id"],
            name=op.f("fk_seller_payouts_seller_id_seller_profiles"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seller_payouts")),
        sa.UniqueConstraint("payout_id", name=op.f("uq_seller_payouts_payout_id")),
    )
    op.create_index(
        op.f("ix_seller_payouts_created_at"), "seller_payouts", ["created_at"], unique=False
    )
    op.create_index(
        op.f("ix_seller_payouts_seller_id"), "seller_payouts", ["seller_id"], unique=False
    )


def _write_offs() -> None:
    op.create_table(
        "write_offs",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("seller_id", sa.String(length=13), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("decided_by", sa.String(length=13), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint("cents > 0", name=op.f("ck_write_offs_cents_positive")),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["users.id"], name=op.f("fk_write_offs_decided_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["seller_id"],
            ["seller_profiles.user_id"],
            name=op.f("fk_write_offs_seller_id_seller_profiles"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_write_offs")),
    )
    op.create_index(op.f("ix_write_offs_created_at"), "write_offs", ["created_at"], unique=False)
    op.create_index(op.f("ix_write_offs_seller_id"), "write_offs", ["seller_id"], unique=False)


def _dispute_events() -> None:
    op.create_table(
        "dispute_events",
        sa.Column("dispute_id", sa.String(length=13), nullable=False),
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
            ["dispute_id"], ["disputes.id"], name=op.f("fk_dispute_events_dispute_id_disputes")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute_events")),
    )
    op.create_index(op.f("ix_dispute_events_at"), "dispute_events", ["at"], unique=False)
    op.create_index(
        op.f("ix_dispute_events_dispute_id"), "dispute_events", ["dispute_id"], unique=False
    )


def _dispute_lines() -> None:
    op.create_table(
        "dispute_lines",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("dispute_id", sa.String(length=13), nullable=False),
        sa.Column("line_id", sa.String(length=13), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("tax_cents", sa.BigInteger(), nullable=False),
        sa.Column("seller_cents", sa.BigInteger(), nullable=False),
        sa.Column("commission_cents", sa.BigInteger(), nullable=False),
        sa.Column("held_cents", sa.BigInteger(), nullable=False),
        sa.Column("lost", sa.Boolean(), nullable=False),
        sa.Column("returned", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "cents = seller_cents + commission_cents AND seller_cents >= 0 AND commission_cents >= 0 AND tax_cents >= 0",
            name=op.f("ck_dispute_lines_split_is_exact"),
        ),
        sa.CheckConstraint(
            "held_cents BETWEEN 0 AND seller_cents",
            name=op.f("ck_dispute_lines_held_at_most_share"),
        ),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["disputes.id"], name=op.f("fk_dispute_lines_dispute_id_disputes")
        ),
        sa.ForeignKeyConstraint(
            ["line_id"], ["order_lines.id"], name=op.f("fk_dispute_lines_line_id_order_lines")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute_lines")),
    )
    op.create_index(op.f("ix_dispute_lines_line_id"), "dispute_lines", ["line_id"], unique=False)
    op.create_index(
        "uq_dispute_lines_line", "dispute_lines", ["dispute_id", "line_id"], unique=True
    )


def _line_transfers() -> None:
    op.create_table(
        "line_transfers",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("line_id", sa.String(length=13), nullable=False),
        sa.Column("seller_id", sa.String(length=13), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "transfer",
                "netting",
                name="transfer_kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "done",
                "refused",
                name="line_transfer_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("from_balance", sa.Boolean(), nullable=False),
        sa.Column("destination", sa.String(length=64), nullable=True),
        sa.Column("transfer_id", sa.String(length=64), nullable=True),
        sa.Column("reversed_cents", sa.BigInteger(), nullable=False),
        sa.Column("refused_code", sa.String(length=80), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind = 'transfer' AND state = 'done') = (transfer_id IS NOT NULL)",
            name=op.f("ck_line_transfers_done_has_transfer"),
        ),
        sa.CheckConstraint(
            "cents > 0 AND reversed_cents BETWEEN 0 AND cents",
            name=op.f("ck_line_transfers_not_negative"),
        ),
        sa.ForeignKeyConstraint(
            ["line_id"], ["order_lines.id"], name=op.f("fk_line_transfers_line_id_order_lines")
        ),
        sa.ForeignKeyConstraint(
            ["seller_id"],
            ["seller_profiles.user_id"],
            name=op.f("fk_line_transfers_seller_id_seller_profiles"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_transfers")),
        sa.UniqueConstraint("transfer_id", name=op.f("uq_line_transfers_transfer_id")),
    )
    op.create_index(
        op.f("ix_line_transfers_created_at"), "line_transfers", ["created_at"], unique=False
    )
    op.create_index(
        op.f("ix_line_transfers_seller_id"), "line_transfers", ["seller_id"], unique=False
    )
    op.create_index(
        "uq_line_transfers_attempt", "line_transfers", ["line_id", "attempt"], unique=True
    )


def _refund_requests() -> None:
    op.create_table(
        "refund_requests",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("order_id", sa.String(length=13), nullable=False),
        sa.Column("line_id", sa.String(length=13), nullable=False),
        sa.Column("buyer_id", sa.String(length=13), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "not_as_described",
                "does_not_work",
                "bought_by_mistake",
                "duplicate",
                "fraudulent",
                "listing_failed",
                "owner_decision",
                "fraud_warning",
                "other",
                name="request_reason",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "approved",
                "declined",
                name="request_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.String(length=13), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(state = 'open') = (decided_at IS NULL)",
            name=op.f("ck_refund_requests_decided_has_time"),
        ),
        sa.ForeignKeyConstraint(
            ["buyer_id"], ["users.id"], name=op.f("fk_refund_requests_buyer_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["line_id"], ["order_lines.id"], name=op.f("fk_refund_requests_line_id_order_lines")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_refund_requests_order_id_orders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_requests")),
    )
    op.create_index(
        op.f("ix_refund_requests_buyer_id"), "refund_requests", ["buyer_id"], unique=False
    )
    op.create_index(
        op.f("ix_refund_requests_created_at"), "refund_requests", ["created_at"], unique=False
    )
    op.create_index(
        op.f("ix_refund_requests_line_id"), "refund_requests", ["line_id"], unique=False
    )
    op.create_index(
        op.f("ix_refund_requests_order_id"), "refund_requests", ["order_id"], unique=False
    )
    op.create_index(op.f("ix_refund_requests_state"), "refund_requests", ["state"], unique=False)
    op.create_index(
        "uq_refund_requests_open",
        "refund_requests",
        ["line_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )


def _library_accesses() -> None:
    op.create_table(
        "library_accesses",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("entitlement_id", sa.String(length=13), nullable=False),
        sa.Column("address_hash", sa.String(length=64), nullable=True),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["entitlement_id"],
            ["entitlements.id"],
            name=op.f("fk_library_accesses_entitlement_id_entitlements"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library_accesses")),
    )
    op.create_index(op.f("ix_library_accesses_at"), "library_accesses", ["at"], unique=False)
    op.create_index(
        op.f("ix_library_accesses_entitlement_id"),
        "library_accesses",
        ["entitlement_id"],
        unique=False,
    )


def _refunds() -> None:
    op.create_table(
        "refunds",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("order_id", sa.String(length=13), nullable=False),
        sa.Column("line_id", sa.String(length=13), nullable=True),
        sa.Column("request_id", sa.String(length=13), nullable=True),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("tax_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "requested",
                "submitted",
                "pending",
                "requires_action",
                "succeeded",
                "failed",
                "manual",
                "canceled",
                name="refund_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "reason",
            sa.Enum(
                "not_as_described",
                "does_not_work",
                "bought_by_mistake",
                "duplicate",
                "fraudulent",
                "listing_failed",
                "owner_decision",
                "fraud_warning",
                "other",
                name="refund_reason",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.String(length=13), nullable=True),
        sa.Column("decided_by", sa.String(length=13), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("refund_id", sa.String(length=64), nullable=True),
        sa.Column("failure_code", sa.String(length=80), nullable=True),
        sa.Column("seller_cents", sa.BigInteger(), nullable=True),
        sa.Column("commission_cents", sa.BigInteger(), nullable=True),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("currency = 'usd'", name=op.f("ck_refunds_currency_known")),
        sa.CheckConstraint(
            "state NOT IN ('pending', 'requires_action', 'succeeded') OR refund_id IS NOT NULL",
            name=op.f("ck_refunds_submitted_has_id"),
        ),
        sa.CheckConstraint(
            "booked_at IS NULL OR line_id IS NULL OR seller_cents + commission_cents = cents",
            name=op.f("ck_refunds_split_is_exact"),
        ),
        sa.CheckConstraint(
            "cents >= 0 AND tax_cents >= 0 AND cents + tax_cents > 0",
            name=op.f("ck_refunds_something_is_refunded"),
        ),
        sa.ForeignKeyConstraint(
            ["line_id"], ["order_lines.id"], name=op.f("fk_refunds_line_id_order_lines")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_refunds_order_id_orders")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["refund_requests.id"],
            name=op.f("fk_refunds_request_id_refund_requests"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("refund_id", name=op.f("uq_refunds_refund_id")),
    )
    op.create_index(op.f("ix_refunds_created_at"), "refunds", ["created_at"], unique=False)
    op.create_index(op.f("ix_refunds_line_id"), "refunds", ["line_id"], unique=False)
    op.create_index(op.f("ix_refunds_order_id"), "refunds", ["order_id"], unique=False)
    op.create_index("ix_refunds_under_way", "refunds", ["state", "tried_at"], unique=False)


def _transfer_reversals() -> None:
    op.create_table(
        "transfer_reversals",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("line_id", sa.String(length=13), nullable=False),
        sa.Column("seller_id", sa.String(length=13), nullable=False),
        sa.Column("line_transfer_id", sa.String(length=13), nullable=True),
        sa.Column("dispute_id", sa.String(length=13), nullable=True),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("recovered_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "done",
                "refused",
                "cancelled",
                name="reversal_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("reversal_id", sa.String(length=64), nullable=True),
        sa.Column("refused_code", sa.String(length=80), nullable=True),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'done') = (reversal_id IS NOT NULL)",
            name=op.f("ck_transfer_reversals_done_has_id"),
        ),
        sa.CheckConstraint(
            "cents > 0 AND recovered_cents BETWEEN 0 AND cents",
            name=op.f("ck_transfer_reversals_recovered_at_most_owed"),
        ),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["disputes.id"], name=op.f("fk_transfer_reversals_dispute_id_disputes")
        ),
        sa.ForeignKeyConstraint(
            ["line_id"], ["order_lines.id"], name=op.f("fk_transfer_reversals_line_id_order_lines")
        ),
        sa.ForeignKeyConstraint(
            ["line_transfer_id"],
            ["line_transfers.id"],
            name=op.f("fk_transfer_reversals_line_transfer_id_line_transfers"),
        ),
        sa.ForeignKeyConstraint(
            ["seller_id"],
            ["seller_profiles.user_id"],
            name=op.f("fk_transfer_reversals_seller_id_seller_profiles"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer_reversals")),
        sa.UniqueConstraint("reversal_id", name=op.f("uq_transfer_reversals_reversal_id")),
    )
    op.create_index(
        op.f("ix_transfer_reversals_created_at"), "transfer_reversals", ["created_at"], unique=False
    )
    op.create_index(
        op.f("ix_transfer_reversals_dispute_id"), "transfer_reversals", ["dispute_id"], unique=False
    )
    op.create_index(
        op.f("ix_transfer_reversals_line_id"), "transfer_reversals", ["line_id"], unique=False
    )
    op.create_index(
        op.f("ix_transfer_reversals_seller_id"), "transfer_reversals", ["seller_id"], unique=False
    )
    op.create_index(
        "ix_transfer_reversals_state", "transfer_reversals", ["state", "tried_at"], unique=False
    )
