"""The registry of target models: tiers, determinism, licences, costs, retirement.

Why: not every model can be re-run. What each lets us promise stands in its row, the trigger that
guards live listings knows it, and money spent at providers is booked before it is spent.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TIERS = ("exact", "perceptual", "distributional", "attested", "archived")

# As in 0001: what downgrade puts back.
PROVED = """
        SELECT 1 FROM moderation_cases c
        LEFT JOIN verification_runs r ON r.id = c.run_id
        WHERE c.version_id = NEW.live_version_id AND c.state = 'approved'
          AND (c.override OR (r.state = 'completed' AND r.verdict = 'reproduced'
                              AND r.version_id = NEW.live_version_id))
"""
ONE_RULE = f"""
CREATE OR REPLACE FUNCTION live_needs_proof() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'live' AND NOT EXISTS ({PROVED}) THEN
        RAISE EXCEPTION 'listing % cannot be live without its proof', NEW.id
            USING ERRCODE = '23514';
    END IF;
    RETURN NULL;
END $$
"""
# Re-runnable: a reproduced run, or a named override. Attested: a finished copy search without a
# find, or a named override, and in either case two moderators who are not the seller. A model that
# is switched off: nothing proves a listing on it.
BY_TIER = f"""
CREATE OR REPLACE FUNCTION live_needs_proof() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    model target_models%ROWTYPE;
BEGIN
    IF NEW.state <> 'live' THEN
        RETURN NULL;
    END IF;
    SELECT m.* INTO model FROM listing_versions v
        JOIN target_models m ON m.slug = v.target_model_slug WHERE v.id = NEW.live_version_id;
    IF model.tier = 'archived' OR model.retired_on <= (now() AT TIME ZONE 'utc')::date THEN
        RAISE EXCEPTION 'listing % is on a model that is switched off', NEW.id
            USING ERRCODE = '23514';
    ELSIF model.tier = 'attested' THEN
        IF NOT EXISTS (
            SELECT 1 FROM moderation_cases c
            LEFT JOIN verification_runs r ON r.id = c.run_id
            WHERE c.version_id = NEW.live_version_id AND c.state = 'approved'
              AND (c.override OR (r.state = 'completed' AND r.verdict = 'not_rerun'
                                  AND r.version_id = NEW.live_version_id))
              AND (SELECT count(DISTINCT a.moderator_id) FROM moderation_approvals a
                   WHERE a.case_id = c.id AND a.moderator_id <> NEW.seller_id) >= 2
        ) THEN
            RAISE EXCEPTION 'listing % cannot be live without two moderators', NEW.id
                USING ERRCODE = '23514';
        END IF;
    ELSIF NOT EXISTS ({PROVED}) THEN
        RAISE EXCEPTION 'listing % cannot be live without its proof', NEW.id
            USING ERRCODE = '23514';
    END IF;
    RETURN NULL;
END $$
"""  # noqa: S608 (our own text, no input)


def upgrade() -> None:
    """Add the registry's columns, approvals and bookings, and teach the trigger the tiers."""
    _add_model_columns()
    op.alter_column("samples", "seed", nullable=True)
    _create_approvals()
    _create_bookings()
    op.execute(BY_TIER)


def downgrade() -> None:
    """Back to models that all take a seed, and to one rule for them."""
    op.execute(ONE_RULE)
    op.drop_table("provider_bookings")
    op.drop_table("moderation_approvals")
    op.execute("UPDATE samples SET seed = 0 WHERE seed IS NULL")
    op.alter_column("samples", "seed", nullable=False)
    for name in ("cost_not_negative", "archived_not_offered", "seeded_tiers_need_a_seed"):
        op.drop_constraint(op.f(f"ck_target_models_{name}"), "target_models")
    for column in reversed(_model_columns()):
        op.drop_column("target_models", column.name)


def _add_model_columns() -> None:
    for column in _model_columns():
        op.add_column("target_models", column)
    # Every row so far is the house model; what it offers is set when the catalogue is loaded.
    for column in _model_columns():
        op.alter_column("target_models", column.name, server_default=None)
    for name, rule in (
        ("cost_not_negative", "cost_microdollars >= 0"),
        ("archived_not_offered", "tier <> 'archived' OR NOT offered"),
        ("seeded_tiers_need_a_seed", "seedable OR tier NOT IN ('exact', 'perceptual')"),
    ):
        op.create_check_constraint(op.f(f"ck_target_models_{name}"), "target_models", rule)


def _model_columns() -> list[sa.Column[object]]:
    json, words = postgresql.JSONB(astext_type=sa.Text()), postgresql.ARRAY(sa.String(length=60))
    tier = sa.Enum(*TIERS, name="tier", native_enum=False, create_constraint=True, length=40)
    return [
        sa.Column("tier", tier, nullable=False, server_default="exact"),
        sa.Column("determinism", json, nullable=False, server_default="{}"),
        sa.Column("capability", json, nullable=False, server_default="{}"),
        sa.Column("licence_url", sa.String(length=300), nullable=False, server_default=""),
        sa.Column("trigger_words", words, nullable=False, server_default="{}"),
        sa.Column("cost_microdollars", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("retired_on", sa.Date(), nullable=True),
        sa.Column("weights_sha256", sa.String(length=64), nullable=True),
        sa.Column("options", json, nullable=False, server_default="{}"),
        sa.Column("offered", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("registry_version", sa.Integer(), nullable=False, server_default="0"),
    ]


def _create_approvals() -> None:
    op.create_table(
        "moderation_approvals",
        sa.Column("case_id", sa.String(length=13), nullable=False),
        sa.Column("moderator_id", sa.String(length=13), nullable=False),
        sa.Column("override", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(length=2000), nullable=True),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["moderation_cases.id"],
            name=op.f("fk_moderation_approvals_case_id_moderation_cases"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["moderator_id"], ["users.id"], name=op.f("fk_moderation_approvals_moderator_id_users")
        ),
        sa.PrimaryKeyConstraint("case_id", "moderator_id", name=op.f("pk_moderation_approvals")),
    )
    op.create_index(op.f("ix_moderation_approvals_at"), "moderation_approvals", ["at"])
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON moderation_approvals "
        "FOR EACH ROW EXECUTE FUNCTION append_only()"
    )


def _create_bookings() -> None:
    state = sa.Enum(
        "booked",
        "used",
        "released",
        name="booking_state",
        native_enum=False,
        create_constraint=True,
        length=40,
    )
    op.create_table(
        "provider_bookings",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("listing_id", sa.String(length=13), nullable=True),
        sa.Column("target_model_slug", sa.String(length=40), nullable=False),
        sa.Column("images", sa.Integer(), nullable=False),
        sa.Column("microdollars", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("state", state, nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("images > 0", name=op.f("ck_provider_bookings_images_positive")),
        sa.CheckConstraint(
            "microdollars >= 0", name=op.f("ck_provider_bookings_amount_not_negative")
        ),
        sa.CheckConstraint(
            "(state = 'booked') = (closed_at IS NULL)",
            name=op.f("ck_provider_bookings_closed_has_moment"),
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"],
            ["listings.id"],
            name=op.f("fk_provider_bookings_listing_id_listings"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["target_model_slug"],
            ["target_models.slug"],
            name=op.f("fk_provider_bookings_target_model_slug_target_models"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_bookings")),
    )
    op.create_index(op.f("ix_provider_bookings_created_at"), "provider_bookings", ["created_at"])
    op.create_index(op.f("ix_provider_bookings_listing_id"), "provider_bookings", ["listing_id"])
    op.create_index("ix_provider_bookings_day", "provider_bookings", ["provider", "day"])
