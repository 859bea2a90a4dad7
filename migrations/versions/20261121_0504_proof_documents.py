"""Signed reports, kept for every version; checks keep the colour difference that they report.

Why: a report that anyone can check offline must be the same bytes for ever, and the keys that
signed it must stay known when they are replaced.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

WRITTEN_ONCE = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON proof_documents
FOR EACH ROW EXECUTE FUNCTION append_only()
"""


def upgrade() -> None:
    """Keys first: documents name them."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "proof_keys",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("not_before", moment, nullable=False),
        sa.Column("not_after", moment, nullable=True),
        sa.CheckConstraint("octet_length(public_key) = 32", name=op.f("ck_proof_keys_ed25519")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proof_keys")),
    )
    op.create_table(
        "proof_documents",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("version_id", sa.String(length=13), nullable=False),
        sa.Column("subject_id", sa.String(length=13), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "report",
                "override",
                "consistency",
                name="document_kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("signed_at", moment, nullable=False),
        sa.Column(
            "created_at", moment, server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["listing_versions.id"],
            name=op.f("fk_proof_documents_version_id_listing_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["key_id"], ["proof_keys.id"], name=op.f("fk_proof_documents_key_id_proof_keys")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proof_documents")),
        sa.UniqueConstraint(
            "version_id",
            "subject_id",
            "kind",
            name=op.f("uq_proof_documents_version_id_subject_id_kind"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(op.f("ix_proof_documents_subject_id"), "proof_documents", ["subject_id"])
    op.create_index(op.f("ix_proof_documents_created_at"), "proof_documents", ["created_at"])
    op.execute(WRITTEN_ONCE)
    op.add_column("sample_checks", sa.Column("colour_distance", sa.Double(), nullable=True))


def downgrade() -> None:
    """Every signature is lost."""
    op.drop_column("sample_checks", "colour_distance")
    op.drop_table("proof_documents")
    op.drop_table("proof_keys")
