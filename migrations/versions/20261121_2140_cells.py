"""A number for each document's combination of facets, and an index from it to what lists sort by.

Why: a list narrowed by filters met every matching row in the table, and search read nine columns
of each match only to count them. The table is written anew: minutes for a million listings.

Revision ID: 0027
Revises: 0026
"""

from __future__ import annotations

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_CELL = """hash_array_extended(ARRAY[
    family::text, model_slug::text, tier::text, category_slug::text, licence::text,
    width_bucket(price_cents, ARRAY[250::bigint, 300::bigint, 400::bigint])::text,
    COALESCE(width_bucket(consistency::integer, ARRAY[0, 50, 75, 90]), 0)::text,
    COALESCE(width_bucket(
        rating_sum::double precision / NULLIF(rating_count, 0)::double precision,
        ARRAY[0.0::double precision, 3.0::double precision, 4.0::double precision,
              4.5::double precision]
    ), 0)::text,
    has_variables::text
], 0::bigint)"""


def upgrade() -> None:
    op.execute(
        f"ALTER TABLE search_documents ADD COLUMN cell bigint GENERATED ALWAYS AS ({_CELL}) STORED"
    )
    op.execute("ALTER TABLE search_documents ALTER COLUMN cell SET NOT NULL")
    op.execute(
        "CREATE INDEX ix_search_documents_cell ON search_documents (cell) INCLUDE (listing_id, "
        "trending, cooling, published_at, consistency_rank, rating_rank, price_cents)"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE search_documents DROP COLUMN cell")
