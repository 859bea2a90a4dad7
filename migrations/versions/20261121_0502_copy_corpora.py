"""Corpora of pictures from elsewhere, for the copy search.

Why: samples must not come from known collections either; and the copy index has to learn of every
fingerprint, also of one whose transaction commits late (hence the transactions' numbers).

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

THIS_TRANSACTION = sa.text("(pg_current_xact_id()::text::bigint)")
NUMBER_SAMPLE = """
CREATE FUNCTION number_fingerprinted_sample() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO copy_index_entries (sample_id) VALUES (NEW.id)
  ON CONFLICT (sample_id) DO UPDATE SET changed_in = pg_current_xact_id()::text::bigint;
  RETURN NULL;
END $$
"""
TRIGGERS = (
    """
    CREATE TRIGGER fingerprint_inserted AFTER INSERT ON samples
    FOR EACH ROW WHEN (NEW.pdq IS NOT NULL) EXECUTE FUNCTION number_fingerprinted_sample()
    """,
    """
    CREATE TRIGGER fingerprint_changed
    AFTER UPDATE OF pdq, pdq_quality, dct256, fingerprint_version ON samples
    FOR EACH ROW WHEN (
      (OLD.pdq, OLD.pdq_quality, OLD.dct256, OLD.fingerprint_version)
      IS DISTINCT FROM (NEW.pdq, NEW.pdq_quality, NEW.dct256, NEW.fingerprint_version)
    ) EXECUTE FUNCTION number_fingerprinted_sample()
    """,
)


def upgrade() -> None:
    op.create_table(
        "corpora",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("licence", sa.String(length=200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("item_count", sa.Integer(), nullable=False),
        sa.Column("refused_count", sa.Integer(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corpora")),
        sa.UniqueConstraint("name", name=op.f("uq_corpora_name")),
    )
    op.create_index(op.f("ix_corpora_created_at"), "corpora", ["created_at"])
    op.create_table(
        "corpus_items",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("corpus_id", sa.String(length=13), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("pdq", postgresql.BIT(length=256), nullable=False),
        sa.Column("pdq_quality", sa.Integer(), nullable=False),
        sa.Column("phash64", postgresql.BIT(length=64), nullable=False),
        sa.Column("dct256", postgresql.BIT(length=256), nullable=False),
        sa.Column("fingerprint_version", sa.Integer(), nullable=False),
        sa.Column(
            "imported_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("changed_in", sa.BigInteger(), server_default=THIS_TRANSACTION, nullable=False),
        sa.ForeignKeyConstraint(
            ["corpus_id"],
            ["corpora.id"],
            name=op.f("fk_corpus_items_corpus_id_corpora"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corpus_items")),
        sa.UniqueConstraint("corpus_id", "ref", name=op.f("uq_corpus_items_corpus_id_ref")),
    )
    op.create_index(op.f("ix_corpus_items_changed_in"), "corpus_items", ["changed_in"])
    op.create_table(
        "copy_index_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("sample_id", sa.String(length=13), nullable=False),
        sa.Column("changed_in", sa.BigInteger(), server_default=THIS_TRANSACTION, nullable=False),
        sa.ForeignKeyConstraint(
            ["sample_id"],
            ["samples.id"],
            name=op.f("fk_copy_index_entries_sample_id_samples"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_copy_index_entries")),
        sa.UniqueConstraint("sample_id", name=op.f("uq_copy_index_entries_sample_id")),
    )
    op.create_index(op.f("ix_copy_index_entries_changed_in"), "copy_index_entries", ["changed_in"])
    op.create_table(
        "corpus_hits",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("run_id", sa.String(length=13), nullable=False),
        sa.Column("sample_id", sa.String(length=13), nullable=False),
        sa.Column("corpus_name", sa.String(length=80), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("distance", sa.Integer(), nullable=False),
        sa.Column("orientation", sa.String(length=40), nullable=False),
        sa.Column(
            "found_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["verification_runs.id"],
            name=op.f("fk_corpus_hits_run_id_verification_runs"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["sample_id"],
            ["samples.id"],
            name=op.f("fk_corpus_hits_sample_id_samples"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corpus_hits")),
        sa.UniqueConstraint(
            "run_id",
            "sample_id",
            "corpus_name",
            "ref",
            name=op.f("uq_corpus_hits_run_id_sample_id_corpus_name_ref"),
        ),
    )
    op.create_index(op.f("ix_corpus_hits_sample_id"), "corpus_hits", ["sample_id"])
    op.execute(NUMBER_SAMPLE)
    for trigger in TRIGGERS:
        op.execute(trigger)
    op.execute(
        "INSERT INTO copy_index_entries (sample_id) SELECT id FROM samples WHERE pdq IS NOT NULL"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER fingerprint_changed ON samples")
    op.execute("DROP TRIGGER fingerprint_inserted ON samples")
    op.execute("DROP FUNCTION number_fingerprinted_sample")
    op.drop_table("corpus_hits")
    op.drop_table("copy_index_entries")
    op.drop_table("corpus_items")
    op.drop_table("corpora")
