"""Levels of demand: the most sought-after documents have indexes of their own words.

Why: a common word has tens of thousands of matches among a million listings, and search wants the
few hundred most sought-after. Levels are given by workers, minutes after the upgrade; until then
search reads as it did.

Revision ID: 0028
Revises: 0027
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "search_levels",
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("bound", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("level", name=op.f("pk_search_levels")),
    )
    op.add_column(
        "search_documents",
        sa.Column("level", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
    )
    for level in (1, 2, 3):
        op.create_index(
            f"ix_search_documents_words_level_{level}",
            "search_documents",
            ["words"],
            postgresql_using="gin",
            postgresql_where=sa.text(f"level >= {level}"),
        )
    op.execute("""
        CREATE FUNCTION search_level() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.level := coalesce(
                (SELECT max(level) FROM search_levels WHERE bound <= NEW.trending), 0
            );
            RETURN NEW;
        END $$
    """)
    op.execute(
        "CREATE TRIGGER search_level BEFORE INSERT OR UPDATE OF trending ON search_documents "
        "FOR EACH ROW EXECUTE FUNCTION search_level()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER search_level ON search_documents")
    op.execute("DROP FUNCTION search_level()")
    op.drop_column("search_documents", "level")
    op.drop_table("search_levels")
