"""The first tables: people, listings, proof, moderation, orders and the ledger.

Why: everything a prompt needs from upload to a buyer's library, with the promises as constraints.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


# array_to_string is only STABLE; a generated column needs an immutable function.
JOIN = """
CREATE FUNCTION immutable_join(text[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT coalesce(array_to_string($1, ' '), '') $$
"""

# Exact money: whatever the code does, an entry whose legs do not cancel cannot be committed.
BALANCED = """
CREATE FUNCTION ledger_entry_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT coalesce(sum(amount_cents), 0) <> 0 OR count(*) < 2 OR count(DISTINCT currency) <> 1
        FROM ledger_postings WHERE entry_id = NEW.entry_id) THEN
        RAISE EXCEPTION 'ledger entry % does not balance', NEW.entry_id USING ERRCODE = '23514';
    END IF;
    RETURN NULL;
END $$
"""
BALANCED_TRIGGER = """
CREATE CONSTRAINT TRIGGER ledger_entry_balances AFTER INSERT ON ledger_postings
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_entry_balances()
"""

# History is written once; corrections are new rows.
APPEND_ONLY = """
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '23514';
END $$
"""
APPEND_ONLY_TABLES = (
    "ledger_entries",
    "ledger_postings",
    "listing_events",
    "moderation_case_events",
    "order_events",
    "verification_run_events",
)


# Proof: a listing on a re-runnable model is live only with an approved case whose run
# reproduced the samples, or with a moderator's explained override.
LIVE_NEEDS_PROOF = """
CREATE FUNCTION live_needs_proof() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'live' AND NOT EXISTS (
        SELECT 1 FROM moderation_cases c
        LEFT JOIN verification_runs r ON r.id = c.run_id
        WHERE c.version_id = NEW.live_version_id AND c.state = 'approved'
          AND (c.override OR (r.state = 'completed' AND r.verdict = 'reproduced'
                              AND r.version_id = NEW.live_version_id))
    ) THEN
        RAISE EXCEPTION 'listing % cannot be live without its proof', NEW.id
            USING ERRCODE = '23514';
    END IF;
    RETURN NULL;
END $$
"""
LIVE_NEEDS_PROOF_TRIGGER = """
CREATE CONSTRAINT TRIGGER live_needs_proof
AFTER INSERT OR UPDATE OF state, live_version_id ON listings
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION live_needs_proof()
"""


def upgrade() -> None:
    op.execute(JOIN)
    op.create_table(
        "categories",
        sa.Column("slug", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("blurb", sa.String(length=200), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_categories")),
    )
    op.create_table(
        "outgoing_mails",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body_text", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(length=200), nullable=True),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_mails")),
    )
    op.create_index(
        op.f("ix_outgoing_mails_created_at"), "outgoing_mails", ["created_at"], unique=False
    )
    op.create_index(
        op.f("ix_outgoing_mails_next_attempt_at"),
        "outgoing_mails",
        ["next_attempt_at"],
        unique=False,
    )
    op.create_table(
        "roles",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roles")),
        sa.UniqueConstraint("name", name=op.f("uq_roles_name")),
    )
    op.create_table(
        "stripe_events",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("type", sa.String(length=100), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=True),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("api_version", sa.String(length=40), nullable=True),
        sa.Column("object_id", sa.String(length=120), nullable=True),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "received",
                "done",
                "ignored",
                "failed",
                "dead",
                name="inbox_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(length=200), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stripe_events")),
    )
    op.create_index(
        op.f("ix_stripe_events_received_at"), "stripe_events", ["received_at"], unique=False
    )
    op.create_index(
        "ix_stripe_events_waiting", "stripe_events", ["state", "next_attempt_at"], unique=False
    )
    op.create_table(
        "target_models",
        sa.Column("slug", sa.String(length=40), nullable=False),
        sa.Column("family", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("blurb", sa.String(length=300), nullable=False),
        sa.Column("engine", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("seedable", sa.Boolean(), nullable=False),
        sa.Column("schedulers", postgresql.ARRAY(sa.String(length=40)), nullable=False),
        sa.Column("steps_default", sa.Integer(), nullable=False),
        sa.Column("steps_min", sa.Integer(), nullable=False),
        sa.Column("steps_max", sa.Integer(), nullable=False),
        sa.Column("guidance_default", sa.Double(), nullable=False),
        sa.Column("guidance_min", sa.Double(), nullable=False),
        sa.Column("guidance_max", sa.Double(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("licence", sa.String(length=100), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_target_models")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("password", sa.String(length=255), nullable=True),
        sa.Column("display_name", sa.String(length=60), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("fs_uniquifier", sa.String(length=64), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_users_email_is_lower_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sa.UniqueConstraint("fs_uniquifier", name=op.f("uq_users_fs_uniquifier")),
    )
    op.create_index(op.f("ix_users_created_at"), "users", ["created_at"], unique=False)
    op.create_table(
        "orders",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("buyer_id", sa.String(length=13), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "awaiting_payment",
                "paid",
                "expired",
                "review",
                name="order_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("total_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("checkout_session_id", sa.String(length=120), nullable=True),
        sa.Column("checkout_url", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payment_intent_id", sa.String(length=64), nullable=True),
        sa.Column("charge_id", sa.String(length=64), nullable=True),
        sa.Column("stripe_fee_cents", sa.BigInteger(), nullable=True),
        sa.Column("review_reason", sa.String(length=200), nullable=True),
        sa.Column("polled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("currency = 'usd'", name=op.f("ck_orders_currency_known")),
        sa.CheckConstraint(
            "state <> 'paid' OR (paid_at IS NOT NULL AND charge_id IS NOT NULL)",
            name=op.f("ck_orders_paid_has_charge"),
        ),
        sa.CheckConstraint("total_cents > 0", name=op.f("ck_orders_total_is_positive")),
        sa.ForeignKeyConstraint(["buyer_id"], ["users.id"], name=op.f("fk_orders_buyer_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("charge_id", name=op.f("uq_orders_charge_id")),
        sa.UniqueConstraint("checkout_session_id", name=op.f("uq_orders_checkout_session_id")),
        sa.UniqueConstraint("payment_intent_id", name=op.f("uq_orders_payment_intent_id")),
    )
    op.create_index(op.f("ix_orders_buyer_id"), "orders", ["buyer_id"], unique=False)
    op.create_index(op.f("ix_orders_created_at"), "orders", ["created_at"], unique=False)
    op.create_index(op.f("ix_orders_state"), "orders", ["state"], unique=False)
    op.create_table(
        "seller_profiles",
        sa.Column("user_id", sa.String(length=13), nullable=False),
        sa.Column("handle", sa.String(length=40), nullable=False),
        sa.Column("display_name", sa.String(length=60), nullable=False),
        sa.Column("bio", sa.Text(), nullable=False),
        sa.Column("stripe_account_id", sa.String(length=64), nullable=True),
        sa.Column(
            "transfers_status",
            sa.Enum(
                "none",
                "onboarding",
                "pending",
                "active",
                "restricted",
                "rejected",
                name="transfers_status",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_seller_profiles_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_seller_profiles")),
        sa.UniqueConstraint("handle", name=op.f("uq_seller_profiles_handle")),
        sa.UniqueConstraint("stripe_account_id", name=op.f("uq_seller_profiles_stripe_account_id")),
    )
    op.create_index(
        op.f("ix_seller_profiles_created_at"), "seller_profiles", ["created_at"], unique=False
    )
    op.create_table(
        "users_roles",
        sa.Column("user_id", sa.String(length=13), nullable=False),
        sa.Column("role_id", sa.String(length=13), nullable=False),
        sa.ForeignKeyConstraint(
            ["role_id"], ["roles.id"], name=op.f("fk_users_roles_role_id_roles"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_users_roles_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "role_id", name=op.f("pk_users_roles")),
    )
    op.create_table(
        "ledger_entries",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("external_id", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("order_id", sa.String(length=13), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_ledger_entries_order_id_orders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entries")),
        sa.UniqueConstraint("external_id", name=op.f("uq_ledger_entries_external_id")),
    )
    op.create_index(
        op.f("ix_ledger_entries_created_at"), "ledger_entries", ["created_at"], unique=False
    )
    op.create_index(
        op.f("ix_ledger_entries_order_id"), "ledger_entries", ["order_id"], unique=False
    )
    op.create_table(
        "listings",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("seller_id", sa.String(length=13), nullable=False),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("category_slug", sa.String(length=40), nullable=False),
        sa.Column("price_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "verifying",
                "in_review",
                "live",
                "rejected",
                "withdrawn",
                name="listing_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("version_id", sa.String(length=13), nullable=True),
        sa.Column("live_version_id", sa.String(length=13), nullable=True),
        sa.Column("rejection_code", sa.String(length=40), nullable=True),
        sa.Column("rejection_text", sa.String(length=2000), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed(
                "setweight(to_tsvector('english'::regconfig, title::text), 'A') || setweight(to_tsvector('english'::regconfig, immutable_join(tags)), 'B') || setweight(to_tsvector('english'::regconfig, description), 'C')",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.CheckConstraint("currency = 'usd'", name=op.f("ck_listings_currency_known")),
        sa.CheckConstraint(
            "state <> 'live' OR (live_version_id IS NOT NULL AND published_at IS NOT NULL)",
            name=op.f("ck_listings_live_has_version"),
        ),
        sa.CheckConstraint(
            "price_cents BETWEEN 199 AND 499", name=op.f("ck_listings_price_in_range")
        ),
        sa.ForeignKeyConstraint(
            ["category_slug"],
            ["categories.slug"],
            name=op.f("fk_listings_category_slug_categories"),
        ),
        sa.ForeignKeyConstraint(
            ["seller_id"],
            ["seller_profiles.user_id"],
            name=op.f("fk_listings_seller_id_seller_profiles"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listings")),
    )
    op.create_index(op.f("ix_listings_category_slug"), "listings", ["category_slug"], unique=False)
    op.create_index(op.f("ix_listings_created_at"), "listings", ["created_at"], unique=False)
    op.create_index(
        "ix_listings_search", "listings", ["search"], unique=False, postgresql_using="gin"
    )
    op.create_index(op.f("ix_listings_seller_id"), "listings", ["seller_id"], unique=False)
    op.create_index(
        "ix_listings_state_published_at", "listings", ["state", "published_at"], unique=False
    )
    op.create_table(
        "ledger_postings",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("entry_id", sa.String(length=13), nullable=False),
        sa.Column("account", sa.String(length=80), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.CheckConstraint("currency = 'usd'", name=op.f("ck_ledger_postings_currency_known")),
        sa.CheckConstraint("amount_cents <> 0", name=op.f("ck_ledger_postings_amount_not_zero")),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["ledger_entries.id"],
            name=op.f("fk_ledger_postings_entry_id_ledger_entries"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_postings")),
    )
    op.create_index("ix_ledger_postings_account", "ledger_postings", ["account"], unique=False)
    op.create_index(
        op.f("ix_ledger_postings_entry_id"), "ledger_postings", ["entry_id"], unique=False
    )
    op.create_table(
        "listing_events",
        sa.Column("listing_id", sa.String(length=13), nullable=False),
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
            ["listing_id"],
            ["listings.id"],
            name=op.f("fk_listing_events_listing_id_listings"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing_events")),
    )
    op.create_index(op.f("ix_listing_events_at"), "listing_events", ["at"], unique=False)
    op.create_index(
        op.f("ix_listing_events_listing_id"), "listing_events", ["listing_id"], unique=False
    )
    op.create_table(
        "listing_versions",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("listing_id", sa.String(length=13), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("prompt_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("prompt_fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("skeleton", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("variables", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("word_count", sa.Integer(), nullable=False),
        sa.Column("target_model_slug", sa.String(length=40), nullable=False),
        sa.Column("scheduler", sa.String(length=40), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("guidance", sa.Double(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"],
            ["listings.id"],
            name=op.f("fk_listing_versions_listing_id_listings"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["target_model_slug"],
            ["target_models.slug"],
            name=op.f("fk_listing_versions_target_model_slug_target_models"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing_versions")),
        sa.UniqueConstraint(
            "listing_id", "number", name=op.f("uq_listing_versions_listing_id_number")
        ),
    )
    op.create_index(
        op.f("ix_listing_versions_created_at"), "listing_versions", ["created_at"], unique=False
    )
    op.create_index(
        op.f("ix_listing_versions_prompt_fingerprint"),
        "listing_versions",
        ["prompt_fingerprint"],
        unique=False,
    )
    op.create_index(
        op.f("ix_listing_versions_target_model_slug"),
        "listing_versions",
        ["target_model_slug"],
        unique=False,
    )
    op.create_table(
        "order_lines",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("order_id", sa.String(length=13), nullable=False),
        sa.Column("listing_id", sa.String(length=13), nullable=False),
        sa.Column("version_id", sa.String(length=13), nullable=False),
        sa.Column("seller_id", sa.String(length=13), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("price_cents", sa.BigInteger(), nullable=False),
        sa.Column("commission_cents", sa.BigInteger(), nullable=False),
        sa.Column("seller_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column(
            "transfer_state",
            sa.Enum(
                "not_due",
                "pending",
                "held",
                "done",
                name="transfer_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("transfer_attempt", sa.Integer(), nullable=False),
        sa.Column("transfer_id", sa.String(length=64), nullable=True),
        sa.Column("held_code", sa.String(length=80), nullable=True),
        sa.Column("transfer_tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(transfer_state = 'done') = (transfer_id IS NOT NULL)",
            name=op.f("ck_order_lines_done_has_transfer"),
        ),
        sa.CheckConstraint("currency = 'usd'", name=op.f("ck_order_lines_currency_known")),
        sa.CheckConstraint(
            "price_cents = commission_cents + seller_cents",
            name=op.f("ck_order_lines_split_is_exact"),
        ),
        sa.CheckConstraint(
            "price_cents > 0 AND commission_cents >= 0 AND seller_cents >= 0",
            name=op.f("ck_order_lines_not_negative"),
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"], ["listings.id"], name=op.f("fk_order_lines_listing_id_listings")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_lines_order_id_orders")
        ),
        sa.ForeignKeyConstraint(
            ["seller_id"],
            ["seller_profiles.user_id"],
            name=op.f("fk_order_lines_seller_id_seller_profiles"),
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["listing_versions.id"],
            name=op.f("fk_order_lines_version_id_listing_versions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_lines")),
        sa.UniqueConstraint("transfer_id", name=op.f("uq_order_lines_transfer_id")),
    )
    op.create_index(op.f("ix_order_lines_listing_id"), "order_lines", ["listing_id"], unique=False)
    op.create_index(op.f("ix_order_lines_order_id"), "order_lines", ["order_id"], unique=False)
    op.create_index(op.f("ix_order_lines_seller_id"), "order_lines", ["seller_id"], unique=False)
    op.create_index(
        op.f("ix_order_lines_transfer_state"), "order_lines", ["transfer_state"], unique=False
    )
    op.create_table(
        "samples",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("version_id", sa.String(length=13), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("values", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("original_key", sa.String(length=160), nullable=False),
        sa.Column("file_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("pixel_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("alt", sa.String(length=300), nullable=False),
        sa.Column("derivatives", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
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
            "seed >= 0 AND seed < 4294967296", name=op.f("ck_samples_seed_is_32_bit")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["listing_versions.id"],
            name=op.f("fk_samples_version_id_listing_versions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_samples")),
        sa.UniqueConstraint("version_id", "position", name=op.f("uq_samples_version_id_position")),
    )
    op.create_index(op.f("ix_samples_created_at"), "samples", ["created_at"], unique=False)
    op.create_index(op.f("ix_samples_file_sha256"), "samples", ["file_sha256"], unique=False)
    op.create_index(op.f("ix_samples_pixel_sha256"), "samples", ["pixel_sha256"], unique=False)
    op.create_table(
        "verification_runs",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("version_id", sa.String(length=13), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "running",
                "completed",
                "errored",
                name="run_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "verdict",
            sa.Enum(
                "reproduced",
                "inconclusive",
                "mismatch",
                "copied",
                name="verdict",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("lease", sa.String(length=32), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("samples_total", sa.Integer(), nullable=False),
        sa.Column("samples_done", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("engine", sa.String(length=40), nullable=False),
        sa.Column("provenance", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
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
            "(state = 'completed') = (verdict IS NOT NULL)",
            name=op.f("ck_verification_runs_completed_has_verdict"),
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["listing_versions.id"],
            name=op.f("fk_verification_runs_version_id_listing_versions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification_runs")),
    )
    op.create_index(
        op.f("ix_verification_runs_created_at"), "verification_runs", ["created_at"], unique=False
    )
    op.create_index(
        op.f("ix_verification_runs_heartbeat_at"),
        "verification_runs",
        ["heartbeat_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_verification_runs_version_id"), "verification_runs", ["version_id"], unique=False
    )
    op.create_index(
        "uq_verification_runs_open",
        "verification_runs",
        ["version_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    op.create_table(
        "copy_hits",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("run_id", sa.String(length=13), nullable=False),
        sa.Column("sample_id", sa.String(length=13), nullable=False),
        sa.Column("other_sample_id", sa.String(length=13), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("distance", sa.Integer(), nullable=False),
        sa.Column("other_is_earlier", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["other_sample_id"],
            ["samples.id"],
            name=op.f("fk_copy_hits_other_sample_id_samples"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["verification_runs.id"],
            name=op.f("fk_copy_hits_run_id_verification_runs"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["sample_id"],
            ["samples.id"],
            name=op.f("fk_copy_hits_sample_id_samples"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_copy_hits")),
        sa.UniqueConstraint(
            "run_id",
            "sample_id",
            "other_sample_id",
            name=op.f("uq_copy_hits_run_id_sample_id_other_sample_id"),
        ),
    )
    op.create_table(
        "entitlements",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("buyer_id", sa.String(length=13), nullable=False),
        sa.Column("listing_id", sa.String(length=13), nullable=False),
        sa.Column("version_id", sa.String(length=13), nullable=False),
        sa.Column("line_id", sa.String(length=13), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["buyer_id"], ["users.id"], name=op.f("fk_entitlements_buyer_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["line_id"], ["order_lines.id"], name=op.f("fk_entitlements_line_id_order_lines")
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"], ["listings.id"], name=op.f("fk_entitlements_listing_id_listings")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["listing_versions.id"],
            name=op.f("fk_entitlements_version_id_listing_versions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entitlements")),
        sa.UniqueConstraint("line_id", name=op.f("uq_entitlements_line_id")),
    )
    op.create_index(
        op.f("ix_entitlements_created_at"), "entitlements", ["created_at"], unique=False
    )
    op.create_index(
        op.f("ix_entitlements_listing_id"), "entitlements", ["listing_id"], unique=False
    )
    op.create_index(
        "uq_entitlements_buyer_listing", "entitlements", ["buyer_id", "listing_id"], unique=True
    )
    op.create_table(
        "moderation_cases",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("listing_id", sa.String(length=13), nullable=False),
        sa.Column("version_id", sa.String(length=13), nullable=False),
        sa.Column("run_id", sa.String(length=13), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "claimed",
                "approved",
                "rejected",
                name="case_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("verdict", sa.String(length=20), nullable=True),
        sa.Column("claimed_by", sa.String(length=13), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=13), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("override", sa.Boolean(), nullable=False),
        sa.Column(
            "reason_code",
            sa.Enum(
                "NOT_REPRODUCIBLE",
                "SAMPLES_MISMATCH",
                "SAMPLE_STOLEN",
                "DUPLICATE",
                "TOO_SPECIFIC",
                "TOO_SIMPLE",
                "OFFENSIVE",
                "MISLEADING_TEXT",
                "SPAM",
                name="reason_code",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("decision_note", sa.String(length=2000), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(state = 'claimed') = (claimed_by IS NOT NULL AND decided_by IS NULL)",
            name=op.f("ck_moderation_cases_claimed_has_moderator"),
        ),
        sa.CheckConstraint(
            "(state = 'rejected') = (reason_code IS NOT NULL)",
            name=op.f("ck_moderation_cases_rejected_has_reason"),
        ),
        sa.CheckConstraint(
            "(state IN ('approved', 'rejected')) = (decided_by IS NOT NULL AND decided_at IS NOT NULL)",
            name=op.f("ck_moderation_cases_decided_has_moderator"),
        ),
        sa.CheckConstraint(
            "NOT override OR (state = 'approved' AND decision_note IS NOT NULL)",
            name=op.f("ck_moderation_cases_override_is_explained"),
        ),
        sa.ForeignKeyConstraint(
            ["claimed_by"], ["users.id"], name=op.f("fk_moderation_cases_claimed_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["users.id"], name=op.f("fk_moderation_cases_decided_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"],
            ["listings.id"],
            name=op.f("fk_moderation_cases_listing_id_listings"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["verification_runs.id"],
            name=op.f("fk_moderation_cases_run_id_verification_runs"),
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["listing_versions.id"],
            name=op.f("fk_moderation_cases_version_id_listing_versions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moderation_cases")),
    )
    op.create_index(
        op.f("ix_moderation_cases_created_at"), "moderation_cases", ["created_at"], unique=False
    )
    op.create_index(
        op.f("ix_moderation_cases_listing_id"), "moderation_cases", ["listing_id"], unique=False
    )
    op.create_index(
        "ix_moderation_cases_queue", "moderation_cases", ["state", "created_at"], unique=False
    )
    op.create_index(
        "uq_moderation_cases_open",
        "moderation_cases",
        ["version_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('open', 'claimed')"),
    )
    op.create_table(
        "order_events",
        sa.Column("order_id", sa.String(length=13), nullable=False),
        sa.Column("line_id", sa.String(length=13), nullable=True),
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
            ["line_id"], ["order_lines.id"], name=op.f("fk_order_events_line_id_order_lines")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_events_order_id_orders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_events")),
    )
    op.create_index(op.f("ix_order_events_at"), "order_events", ["at"], unique=False)
    op.create_index(op.f("ix_order_events_order_id"), "order_events", ["order_id"], unique=False)
    op.create_table(
        "sample_checks",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("run_id", sa.String(length=13), nullable=False),
        sa.Column("sample_id", sa.String(length=13), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "band",
            sa.Enum(
                "reproduced",
                "grey",
                "miss",
                name="band",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("decided_by", sa.String(length=20), nullable=False),
        sa.Column("pdq_distance", sa.Integer(), nullable=False),
        sa.Column("phash_distance", sa.Integer(), nullable=False),
        sa.Column("dct_distance", sa.Integer(), nullable=False),
        sa.Column("quality", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("derivatives", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
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
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["verification_runs.id"],
            name=op.f("fk_sample_checks_run_id_verification_runs"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["sample_id"],
            ["samples.id"],
            name=op.f("fk_sample_checks_sample_id_samples"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sample_checks")),
        sa.UniqueConstraint("run_id", "sample_id", name=op.f("uq_sample_checks_run_id_sample_id")),
    )
    op.create_index(
        op.f("ix_sample_checks_created_at"), "sample_checks", ["created_at"], unique=False
    )
    op.create_index(
        op.f("ix_sample_checks_sample_id"), "sample_checks", ["sample_id"], unique=False
    )
    op.create_table(
        "verification_run_events",
        sa.Column("run_id", sa.String(length=13), nullable=False),
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
            ["run_id"],
            ["verification_runs.id"],
            name=op.f("fk_verification_run_events_run_id_verification_runs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification_run_events")),
    )
    op.create_index(
        op.f("ix_verification_run_events_at"), "verification_run_events", ["at"], unique=False
    )
    op.create_index(
        op.f("ix_verification_run_events_run_id"),
        "verification_run_events",
        ["run_id"],
        unique=False,
    )
    op.create_table(
        "moderation_case_events",
        sa.Column("case_id", sa.String(length=13), nullable=False),
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
            ["case_id"],
            ["moderation_cases.id"],
            name=op.f("fk_moderation_case_events_case_id_moderation_cases"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moderation_case_events")),
    )
    op.create_index(
        op.f("ix_moderation_case_events_at"), "moderation_case_events", ["at"], unique=False
    )
    op.create_index(
        op.f("ix_moderation_case_events_case_id"),
        "moderation_case_events",
        ["case_id"],
        unique=False,
    )
    op.create_table(
        "moderation_findings",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("case_id", sa.String(length=13), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("explanation", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["moderation_cases.id"],
            name=op.f("fk_moderation_findings_case_id_moderation_cases"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moderation_findings")),
    )
    op.create_index(
        op.f("ix_moderation_findings_case_id"), "moderation_findings", ["case_id"], unique=False
    )
    op.create_foreign_key(
        op.f("fk_listings_version_id_listing_versions"),
        "listings",
        "listing_versions",
        ["version_id"],
        ["id"],
        deferrable=True,
        initially="DEFERRED",
    )
    op.create_foreign_key(
        op.f("fk_listings_live_version_id_listing_versions"),
        "listings",
        "listing_versions",
        ["live_version_id"],
        ["id"],
        deferrable=True,
        initially="DEFERRED",
    )
    op.execute(BALANCED)
    op.execute(BALANCED_TRIGGER)
    op.execute(LIVE_NEEDS_PROOF)
    op.execute(LIVE_NEEDS_PROOF_TRIGGER)
    op.execute(APPEND_ONLY)
    for table in APPEND_ONLY_TABLES:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION append_only()"
        )


def downgrade() -> None:
    op.drop_constraint(op.f("fk_listings_version_id_listing_versions"), "listings")
    op.drop_constraint(op.f("fk_listings_live_version_id_listing_versions"), "listings")
    op.drop_index(op.f("ix_moderation_findings_case_id"), table_name="moderation_findings")
    op.drop_table("moderation_findings")
    op.drop_index(op.f("ix_moderation_case_events_case_id"), table_name="moderation_case_events")
    op.drop_index(op.f("ix_moderation_case_events_at"), table_name="moderation_case_events")
    op.drop_table("moderation_case_events")
    op.drop_index(op.f("ix_verification_run_events_run_id"), table_name="verification_run_events")
    op.drop_index(op.f("ix_verification_run_events_at"), table_name="verification_run_events")
    op.drop_table("verification_run_events")
    op.drop_index(op.f("ix_sample_checks_sample_id"), table_name="sample_checks")
    op.drop_index(op.f("ix_sample_checks_created_at"), table_name="sample_checks")
    op.drop_table("sample_checks")
    op.drop_index(op.f("ix_order_events_order_id"), table_name="order_events")
    op.drop_index(op.f("ix_order_events_at"), table_name="order_events")
    op.drop_table("order_events")
    op.drop_index(
        "uq_moderation_cases_open",
        table_name="moderation_cases",
        postgresql_where=sa.text("state IN ('open', 'claimed')"),
    )
    op.drop_index("ix_moderation_cases_queue", table_name="moderation_cases")
    op.drop_index(op.f("ix_moderation_cases_listing_id"), table_name="moderation_cases")
    op.drop_index(op.f("ix_moderation_cases_created_at"), table_name="moderation_cases")
    op.drop_table("moderation_cases")
    op.drop_index("uq_entitlements_buyer_listing", table_name="entitlements")
    op.drop_index(op.f("ix_entitlements_listing_id"), table_name="entitlements")
    op.drop_index(op.f("ix_entitlements_created_at"), table_name="entitlements")
    op.drop_table("entitlements")
    op.drop_table("copy_hits")
    op.drop_index(
        "uq_verification_runs_open",
        table_name="verification_runs",
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    op.drop_index(op.f("ix_verification_runs_version_id"), table_name="verification_runs")
    op.drop_index(op.f("ix_verification_runs_heartbeat_at"), table_name="verification_runs")
    op.drop_index(op.f("ix_verification_runs_created_at"), table_name="verification_runs")
    op.drop_table("verification_runs")
    op.drop_index(op.f("ix_samples_pixel_sha256"), table_name="samples")
    op.drop_index(op.f("ix_samples_file_sha256"), table_name="samples")
    op.drop_index(op.f("ix_samples_created_at"), table_name="samples")
    op.drop_table("samples")
    op.drop_index(op.f("ix_order_lines_transfer_state"), table_name="order_lines")
    op.drop_index(op.f("ix_order_lines_seller_id"), table_name="order_lines")
    op.drop_index(op.f("ix_order_lines_order_id"), table_name="order_lines")
    op.drop_index(op.f("ix_order_lines_listing_id"), table_name="order_lines")
    op.drop_table("order_lines")
    op.drop_index(op.f("ix_listing_versions_target_model_slug"), table_name="listing_versions")
    op.drop_index(op.f("ix_listing_versions_prompt_fingerprint"), table_name="listing_versions")
    op.drop_index(op.f("ix_listing_versions_created_at"), table_name="listing_versions")
    op.drop_table("listing_versions")
    op.drop_index(op.f("ix_listing_events_listing_id"), table_name="listing_events")
    op.drop_index(op.f("ix_listing_events_at"), table_name="listing_events")
    op.drop_table("listing_events")
    op.drop_index(op.f("ix_ledger_postings_entry_id"), table_name="ledger_postings")
    op.drop_index("ix_ledger_postings_account", table_name="ledger_postings")
    op.drop_table("ledger_postings")
    op.drop_index("ix_listings_state_published_at", table_name="listings")
    op.drop_index(op.f("ix_listings_seller_id"), table_name="listings")
    op.drop_index("ix_listings_search", table_name="listings", postgresql_using="gin")
    op.drop_index(op.f("ix_listings_created_at"), table_name="listings")
    op.drop_index(op.f("ix_listings_category_slug"), table_name="listings")
    op.drop_table("listings")
    op.drop_index(op.f("ix_ledger_entries_order_id"), table_name="ledger_entries")
    op.drop_index(op.f("ix_ledger_entries_created_at"), table_name="ledger_entries")
    op.drop_table("ledger_entries")
    op.drop_table("users_roles")
    op.drop_index(op.f("ix_seller_profiles_created_at"), table_name="seller_profiles")
    op.drop_table("seller_profiles")
    op.drop_index(op.f("ix_orders_state"), table_name="orders")
    op.drop_index(op.f("ix_orders_created_at"), table_name="orders")
    op.drop_index(op.f("ix_orders_buyer_id"), table_name="orders")
    op.drop_table("orders")
    op.drop_index(op.f("ix_users_created_at"), table_name="users")
    op.drop_table("users")
    op.drop_table("target_models")
    op.drop_index("ix_stripe_events_waiting", table_name="stripe_events")
    op.drop_index(op.f("ix_stripe_events_received_at"), table_name="stripe_events")
    op.drop_table("stripe_events")
    op.drop_table("roles")
    op.drop_index(op.f("ix_outgoing_mails_next_attempt_at"), table_name="outgoing_mails")
    op.drop_index(op.f("ix_outgoing_mails_created_at"), table_name="outgoing_mails")
    op.drop_table("outgoing_mails")
    op.drop_table("categories")
    op.execute("DROP FUNCTION live_needs_proof")
    op.execute("DROP FUNCTION ledger_entry_balances")
    op.execute("DROP FUNCTION append_only")
    op.execute("DROP FUNCTION immutable_join")
