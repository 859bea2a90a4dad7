"""Appeals, strikes and suspensions, labels on findings, second looks.

Why: another moderator answers an appeal, which the database insists on; points expire; how
right the rules and the moderators are is measured.

Revision ID: 0024
Revises: 0023
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

NOW = sa.text("clock_timestamp()")
REASONS = (
    "TOO_SPECIFIC",
    "TOO_SIMPLE",
    "NOT_REPRODUCIBLE",
    "SAMPLES_MISMATCH",
    "SAMPLE_STOLEN",
    "DUPLICATE",
    "OFFENSIVE",
    "SEXUAL",
    "MINOR_SAFETY",
    "REAL_PERSON",
    "THIRD_PARTY_IP",
    "ARTIST_NAME",
    "MODEL_RULES",
    "MISLEADING_TEXT",
    "SPAM",
    "METADATA_MISSING",
    "UNSUPPORTED_MODEL",
)


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)


def upgrade() -> None:
    """Appeals, sellers' standing, and how good the desk is."""
    op.create_table(
        "desk_switches",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("on", sa.Boolean(), nullable=False),
        sa.Column("set_by", sa.String(length=13), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["set_by"], ["users.id"], name=op.f("fk_desk_switches_set_by_users")
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_desk_switches")),
    )
    op.create_table(
        "seller_risks",
        sa.Column("seller_id", sa.String(length=13), nullable=False),
        sa.Column("why", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["seller_id"],
            ["seller_profiles.user_id"],
            name=op.f("fk_seller_risks_seller_id_seller_profiles"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("seller_id", name=op.f("pk_seller_risks")),
    )
    op.create_index(op.f("ix_seller_risks_created_at"), "seller_risks", ["created_at"])
    op.create_table(
        "seller_suspensions",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("seller_id", sa.String(length=13), nullable=False),
        sa.Column("cause", sa.String(length=500), nullable=False),
        sa.Column("imposed_by", sa.String(length=13), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by", sa.String(length=13), nullable=True),
        sa.Column("lift_note", sa.String(length=500), nullable=True),
        sa.CheckConstraint("cause <> ''", name=op.f("ck_seller_suspensions_has_cause")),
        sa.CheckConstraint(
            "(lifted_at IS NULL) = (lift_note IS NULL)",
            name=op.f("ck_seller_suspensions_reinstatement_is_explained"),
        ),
        sa.CheckConstraint(
            "until IS NULL OR until > created_at", name=op.f("ck_seller_suspensions_ends_later")
        ),
        sa.ForeignKeyConstraint(
            ["imposed_by"], ["users.id"], name=op.f("fk_seller_suspensions_imposed_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["lifted_by"], ["users.id"], name=op.f("fk_seller_suspensions_lifted_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["seller_id"],
            ["seller_profiles.user_id"],
            name=op.f("fk_seller_suspensions_seller_id_seller_profiles"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seller_suspensions")),
    )
    op.create_index(op.f("ix_seller_suspensions_created_at"), "seller_suspensions", ["created_at"])
    op.create_index(op.f("ix_seller_suspensions_seller_id"), "seller_suspensions", ["seller_id"])
    op.create_index(
        "uq_seller_suspensions_standing",
        "seller_suspensions",
        ["seller_id"],
        unique=True,
        postgresql_where=sa.text("lifted_at IS NULL"),
    )
    op.create_table(
        "finding_labels",
        sa.Column("finding_id", sa.String(length=13), nullable=False),
        sa.Column("moderator_id", sa.String(length=13), nullable=False),
        sa.Column("right", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["finding_id"],
            ["policy_findings.id"],
            name=op.f("fk_finding_labels_finding_id_policy_findings"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["moderator_id"], ["users.id"], name=op.f("fk_finding_labels_moderator_id_users")
        ),
        sa.PrimaryKeyConstraint("finding_id", "moderator_id", name=op.f("pk_finding_labels")),
    )
    op.create_index(op.f("ix_finding_labels_created_at"), "finding_labels", ["created_at"])
    op.create_table(
        "moderation_appeals",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("decision_id", sa.String(length=13), nullable=False),
        sa.Column("seller_id", sa.String(length=13), nullable=False),
        sa.Column("first_moderator_id", sa.String(length=13), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=False),
        sa.Column(
            "state",
            _enum("appeal_state", "open", "claimed", "upheld", "overturned"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_by", sa.String(length=13), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=13), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(length=2000), nullable=True),
        sa.CheckConstraint(
            "(state = 'open') = (claimed_by IS NULL AND claimed_at IS NULL)",
            name=op.f("ck_moderation_appeals_open_is_free"),
        ),
        sa.CheckConstraint(
            "(state IN ('upheld', 'overturned')) = (decided_by IS NOT NULL AND decided_at IS NOT NULL AND answer IS NOT NULL)",
            name=op.f("ck_moderation_appeals_decided_is_answered"),
        ),
        sa.CheckConstraint(
            "claimed_by IS NULL OR claimed_by <> first_moderator_id",
            name=op.f("ck_moderation_appeals_another_moderator_claims"),
        ),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> first_moderator_id",
            name=op.f("ck_moderation_appeals_another_moderator_decides"),
        ),
        sa.ForeignKeyConstraint(
            ["claimed_by"], ["users.id"], name=op.f("fk_moderation_appeals_claimed_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["users.id"], name=op.f("fk_moderation_appeals_decided_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["moderation_decisions.id"],
            name=op.f("fk_moderation_appeals_decision_id_moderation_decisions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["first_moderator_id"],
            ["users.id"],
            name=op.f("fk_moderation_appeals_first_moderator_id_users"),
        ),
        sa.ForeignKeyConstraint(
            ["seller_id"],
            ["seller_profiles.user_id"],
            name=op.f("fk_moderation_appeals_seller_id_seller_profiles"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moderation_appeals")),
        sa.UniqueConstraint("decision_id", name=op.f("uq_moderation_appeals_decision_id")),
    )
    op.create_index(op.f("ix_moderation_appeals_created_at"), "moderation_appeals", ["created_at"])
    op.create_index(op.f("ix_moderation_appeals_seller_id"), "moderation_appeals", ["seller_id"])
    op.create_index(
        "ix_moderation_appeals_waiting",
        "moderation_appeals",
        ["due_at"],
        postgresql_where=sa.text("state IN ('open', 'claimed')"),
    )
    op.create_table(
        "second_looks",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("decision_id", sa.String(length=13), nullable=False),
        sa.Column("decider_id", sa.String(length=13), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("reviewer_id", sa.String(length=13), nullable=True),
        sa.Column("agrees", sa.Boolean(), nullable=True),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "agrees IS NOT FALSE OR note <> ''",
            name=op.f("ck_second_looks_disagreement_is_explained"),
        ),
        sa.CheckConstraint(
            "(reviewer_id IS NULL) = (agrees IS NULL) AND (agrees IS NULL) = (done_at IS NULL)",
            name=op.f("ck_second_looks_done_by_somebody"),
        ),
        sa.CheckConstraint(
            "reviewer_id IS NULL OR reviewer_id <> decider_id",
            name=op.f("ck_second_looks_another_moderator_looks"),
        ),
        sa.ForeignKeyConstraint(
            ["decider_id"], ["users.id"], name=op.f("fk_second_looks_decider_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["moderation_decisions.id"],
            name=op.f("fk_second_looks_decision_id_moderation_decisions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["reviewer_id"], ["users.id"], name=op.f("fk_second_looks_reviewer_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_looks")),
        sa.UniqueConstraint("decision_id", name=op.f("uq_second_looks_decision_id")),
    )
    op.create_index(op.f("ix_second_looks_created_at"), "second_looks", ["created_at"])
    op.create_index(
        "ix_second_looks_waiting",
        "second_looks",
        ["created_at"],
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "seller_strikes",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("seller_id", sa.String(length=13), nullable=False),
        sa.Column("decision_id", sa.String(length=13), nullable=False),
        sa.Column("reason_code", _enum("strike_reason_code", *REASONS), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by", sa.String(length=13), nullable=True),
        sa.Column("lift_note", sa.String(length=500), nullable=True),
        sa.CheckConstraint(
            "(lifted_at IS NULL) = (lifted_by IS NULL) AND (lifted_at IS NULL) = (lift_note IS NULL)",
            name=op.f("ck_seller_strikes_lifted_is_explained"),
        ),
        sa.CheckConstraint("points > 0", name=op.f("ck_seller_strikes_points_positive")),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["moderation_decisions.id"],
            name=op.f("fk_seller_strikes_decision_id_moderation_decisions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["lifted_by"], ["users.id"], name=op.f("fk_seller_strikes_lifted_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["seller_id"],
            ["seller_profiles.user_id"],
            name=op.f("fk_seller_strikes_seller_id_seller_profiles"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seller_strikes")),
        sa.UniqueConstraint("decision_id", name=op.f("uq_seller_strikes_decision_id")),
    )
    op.create_index(op.f("ix_seller_strikes_created_at"), "seller_strikes", ["created_at"])
    op.create_index(op.f("ix_seller_strikes_seller_id"), "seller_strikes", ["seller_id"])
    op.create_index(
        "ix_seller_strikes_standing",
        "seller_strikes",
        ["seller_id", "expires_at"],
        postgresql_where=sa.text("lifted_at IS NULL"),
    )
    op.add_column(
        "seller_profiles", sa.Column("suspended_until", sa.DateTime(timezone=True), nullable=True)
    )


def downgrade() -> None:
    """Without any of it."""
    op.drop_column("seller_profiles", "suspended_until")
    for table in (
        "seller_strikes",
        "second_looks",
        "moderation_appeals",
        "finding_labels",
        "seller_suspensions",
        "seller_risks",
        "desk_switches",
    ):
        op.drop_table(table)
