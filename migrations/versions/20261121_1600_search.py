"""Search: documents, embeddings, our own pictures, words, and counts that are always right.

Why: browsing by joining tables does not scale, and words alone do not find what people mean. All
of it is made from live listings' public text and can be made again (`flask search rebuild`).
Needs the extension pgvector, 0.8 or newer.

Revision ID: 0019
Revises: 0018
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from marketplace.core.columns import HalfVector, HashBits

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# Accents off, lower case, and no signs that would make one word of two ("paper-cut").
FOLD = r"""
CREATE FUNCTION search_fold(content text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT translate(
        regexp_replace(lower(normalize(coalesce(content, ''), NFKD)), '[\u0300-\u036f]', '', 'g'),
        '-_/.:’‘‐‑–—', '     ''''    ')
$$
"""
# Sixteen pieces of a 256-bit hash: two hashes that differ in at most 15 bits share one of them.
HASH_KEYS = """
CREATE FUNCTION search_hash_keys(hash bit(256), kind integer) RETURNS integer[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_agg((kind << 20) + (place << 16) + substring(hash FROM place * 16 + 1 FOR 16)::int)
    FROM generate_series(0, 15) AS place
$$
"""

# The outbox: whoever changes what search shows of a listing leaves a note in the same transaction.
# Notes are only ever added, so no two transactions wait for each other here.
NOTE = """
CREATE FUNCTION search_note_listing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search_pending (kind, subject) VALUES ('document', NEW.id);
    RETURN NULL;
END $$;
CREATE FUNCTION search_note_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search_pending (kind, subject)
    SELECT 'document', id FROM listings WHERE live_version_id = NEW.id AND state = 'live';
    RETURN NULL;
END $$;
CREATE FUNCTION search_note_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search_pending (kind, subject)
    SELECT 'document', id FROM listings WHERE live_version_id = NEW.version_id AND state = 'live';
    RETURN NULL;
END $$;
CREATE FUNCTION search_note_sale() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search_pending (kind, subject) VALUES ('document', NEW.listing_id);
    RETURN NULL;
END $$;
CREATE FUNCTION search_note_category() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search_pending (kind, subject)
    SELECT 'document', listing_id FROM search_documents WHERE category_slug = NEW.slug;
    RETURN NULL;
END $$;
CREATE FUNCTION search_note_seller() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search_pending (kind, subject)
    SELECT 'document', id FROM listings WHERE seller_id = NEW.user_id AND state = 'live';
    RETURN NULL;
END $$;
CREATE FUNCTION search_note_model() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search_pending (kind, subject)
    -- By the listings: one that was taken away with its model may come back with it.
    SELECT 'document', l.id FROM listing_versions v JOIN listings l ON l.live_version_id = v.id
    WHERE v.target_model_slug = NEW.slug AND l.state = 'live';
    RETURN NULL;
END $$
"""
NOTE_TRIGGERS = (
    """
    CREATE TRIGGER search_note_new AFTER INSERT ON listings
    FOR EACH ROW WHEN (NEW.state = 'live') EXECUTE FUNCTION search_note_listing()
    """,
    """
    CREATE TRIGGER search_note AFTER UPDATE OF
        state, live_version_id, title, description, tags, category_slug, price_cents, published_at
    ON listings FOR EACH ROW
    WHEN ((OLD.state = 'live' OR NEW.state = 'live') AND OLD IS DISTINCT FROM NEW)
    EXECUTE FUNCTION search_note_listing()
    """,
    """
    CREATE TRIGGER search_note AFTER UPDATE OF degraded_since ON listing_versions
    FOR EACH ROW WHEN (OLD.degraded_since IS DISTINCT FROM NEW.degraded_since)
    EXECUTE FUNCTION search_note_version()
    """,
    """
    CREATE TRIGGER search_note AFTER INSERT OR UPDATE OF state ON verification_runs
    FOR EACH ROW WHEN (NEW.state = 'completed') EXECUTE FUNCTION search_note_evidence()
    """,
    """
    CREATE TRIGGER search_note AFTER INSERT OR UPDATE OF state ON consistency_reports
    FOR EACH ROW WHEN (NEW.state = 'completed' AND NEW.purpose = 'public')
    EXECUTE FUNCTION search_note_evidence()
    """,
    """
    CREATE TRIGGER search_note AFTER INSERT OR UPDATE OF state ON entitlements
    FOR EACH ROW EXECUTE FUNCTION search_note_sale()
    """,
    """
    CREATE TRIGGER search_note AFTER INSERT OR UPDATE ON listing_ratings
    FOR EACH ROW EXECUTE FUNCTION search_note_sale()
    """,
    """
    CREATE TRIGGER search_note AFTER UPDATE OF name ON categories
    FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name)
    EXECUTE FUNCTION search_note_category()
    """,
    """
    CREATE TRIGGER search_note AFTER UPDATE OF display_name, transfers_status ON seller_profiles
    FOR EACH ROW WHEN (OLD.display_name IS DISTINCT FROM NEW.display_name
                       OR (OLD.transfers_status = 'rejected') <> (NEW.transfers_status = 'rejected'))
    EXECUTE FUNCTION search_note_seller()
    """,
    """
    CREATE TRIGGER search_note AFTER UPDATE OF name, family, tier, licence, determinism, retired_on
    ON target_models FOR EACH ROW
    WHEN ((OLD.name, OLD.family, OLD.tier, OLD.licence, OLD.determinism, OLD.retired_on)
          IS DISTINCT FROM
          (NEW.name, NEW.family, NEW.tier, NEW.licence, NEW.determinism, NEW.retired_on))
    EXECUTE FUNCTION search_note_model()
    """,
)
NOTE_TABLES = (
    "seller_profiles",
    "listings",
    "listing_versions",
    "verification_runs",
    "consistency_reports",
    "entitlements",
    "listing_ratings",
    "categories",
    "target_models",
)
NOTE_FUNCTIONS = ("listing", "version", "evidence", "sale", "category", "seller", "model")

# Counts: one row per combination of facets, moved by whole statements, not row by row.
CELL = (
    "family, model_slug, tier, category_slug, licence, price_band, consistency_band, rating_band, "
    "has_variables"
)
COUNTS = f"""
CREATE FUNCTION search_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        UPDATE search_counts SET listings = 0, changed = pg_current_xact_id()::text::bigint;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO search_counts ({CELL}, listings)
        SELECT {CELL}, count(*) FROM new_rows GROUP BY {CELL} ORDER BY {CELL}
        ON CONFLICT ({CELL}) DO UPDATE
        SET listings = search_counts.listings + excluded.listings, changed = excluded.changed;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO search_counts ({CELL}, listings)
        SELECT {CELL}, -count(*) FROM old_rows GROUP BY {CELL} ORDER BY {CELL}
        ON CONFLICT ({CELL}) DO UPDATE
        SET listings = search_counts.listings + excluded.listings, changed = excluded.changed;
    ELSE
        INSERT INTO search_counts ({CELL}, listings)
        SELECT {CELL}, sum(change) FROM (
            SELECT {CELL}, 1 AS change FROM new_rows
            UNION ALL SELECT {CELL}, -1 FROM old_rows
        ) AS moved GROUP BY {CELL} HAVING sum(change) <> 0 ORDER BY {CELL}
        ON CONFLICT ({CELL}) DO UPDATE
        SET listings = search_counts.listings + excluded.listings, changed = excluded.changed;
    END IF;
    RETURN NULL;
END $$
"""  # noqa: S608 (constants of this module)
COUNT_TRIGGERS = (
    """
    CREATE TRIGGER search_count_insert AFTER INSERT ON search_documents
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION search_count()
    """,
    """
    CREATE TRIGGER search_count_update AFTER UPDATE ON search_documents
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION search_count()
    """,
    """
    CREATE TRIGGER search_count_delete AFTER DELETE ON search_documents
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION search_count()
    """,
    """
    CREATE TRIGGER search_count_truncate AFTER TRUNCATE ON search_documents
    FOR EACH STATEMENT EXECUTE FUNCTION search_count()
    """,
)

# As PostgreSQL spells them back.
PRICE_BAND = "width_bucket(price_cents, ARRAY[250::bigint, 300::bigint, 400::bigint])"
CONSISTENCY_BAND = "COALESCE(width_bucket(consistency::integer, ARRAY[0, 50, 75, 90]), 0)"
RATING = "rating_sum::double precision / NULLIF(rating_count, 0)::double precision"
RATING_BAND = f"""COALESCE(width_bucket({RATING}, ARRAY[0.0::double precision,
    3.0::double precision, 4.0::double precision, 4.5::double precision]), 0)"""
RATING_RANK = """CASE WHEN rating_count = 0 THEN 0::double precision
    ELSE (3.5 * 5::numeric + rating_sum::numeric)::double precision
         / (5 + rating_count)::double precision END"""
FACETS = f"""array_remove(ARRAY[
    'family:'::text || family::text, 'model:'::text || model_slug::text,
    'tier:'::text || tier::text, 'category:'::text || category_slug::text,
    'licence:'::text || licence::text, 'price:'::text || {PRICE_BAND},
    CASE WHEN has_variables THEN 'variables:yes'::text ELSE NULL::text END,
    CASE WHEN consistency >= 50 THEN 'consistency:50'::text ELSE NULL::text END,
    CASE WHEN consistency >= 75 THEN 'consistency:75'::text ELSE NULL::text END,
    CASE WHEN consistency >= 90 THEN 'consistency:90'::text ELSE NULL::text END,
    CASE WHEN {RATING} >= 3::double precision THEN 'rating:3'::text ELSE NULL::text END,
    CASE WHEN {RATING} >= 4::double precision THEN 'rating:4'::text ELSE NULL::text END,
    CASE WHEN {RATING} >= 4.5::double precision THEN 'rating:4.5'::text ELSE NULL::text END
], NULL::text)"""


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS vector")
    op.execute(FOLD)
    op.execute(HASH_KEYS)
    _create_documents()
    _create_pictures()
    _create_small_tables()
    op.execute(COUNTS)
    op.execute(NOTE)
    for trigger in (*COUNT_TRIGGERS, *NOTE_TRIGGERS):
        op.execute(trigger)
    op.execute(
        "INSERT INTO search_pending (kind, subject) "
        "SELECT 'document', id FROM listings WHERE state = 'live'"
    )
    # What it was searched by until now.
    op.drop_index("ix_listings_search", table_name="listings")
    op.drop_column("listings", "search")


def _computed(expression: str, cast: str = "") -> sa.Computed:
    return sa.Computed(f"({expression}){cast}", persisted=True)


def _create_documents() -> None:
    op.create_table(
        "search_documents",
        sa.Column("listing_id", sa.String(13), nullable=False),
        sa.Column("seller_id", sa.String(13), nullable=False),
        sa.Column("title_key", sa.Text(), nullable=False),
        sa.Column("family", sa.String(60), nullable=False),
        sa.Column("model_slug", sa.String(40), nullable=False),
        sa.Column("tier", sa.String(20), nullable=False),
        sa.Column("category_slug", sa.String(40), nullable=False),
        sa.Column("licence", sa.String(100), nullable=False),
        sa.Column("price_cents", sa.BigInteger(), nullable=False),
        sa.Column("has_variables", sa.Boolean(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("consistency", sa.SmallInteger(), nullable=True),
        sa.Column("rating_sum", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rating_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("sales", sa.Integer(), nullable=False),
        sa.Column("trending", sa.Float(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.Column("text_digest", sa.LargeBinary(), nullable=False),
        sa.Column(
            "price_band", sa.SmallInteger(), _computed(PRICE_BAND, "::smallint"), nullable=False
        ),
        sa.Column(
            "consistency_band",
            sa.SmallInteger(),
            _computed(CONSISTENCY_BAND, "::smallint"),
            nullable=False,
        ),
        sa.Column("rating", sa.Float(), _computed(RATING), nullable=True),
        sa.Column(
            "rating_band", sa.SmallInteger(), _computed(RATING_BAND, "::smallint"), nullable=False
        ),
        sa.Column(
            "consistency_rank",
            sa.SmallInteger(),
            _computed("COALESCE(consistency, - 1::smallint)"),
            nullable=False,
        ),
        sa.Column("rating_rank", sa.Float(), _computed(RATING_RANK), nullable=False),
        sa.Column("cooling", sa.Float(), _computed("- trending"), nullable=False),
        sa.Column("facets", sa.ARRAY(sa.Text()), _computed(FACETS), nullable=False),
        sa.ForeignKeyConstraint(
            ["listing_id"],
            ["listings.id"],
            name=op.f("fk_search_documents_listing_id_listings"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("listing_id", name=op.f("pk_search_documents")),
    )
    op.create_index(
        "ix_search_documents_words_facets",
        "search_documents",
        ["words", "facets"],
        postgresql_using="gin",
    )
    for name, column in (
        ("newest", "published_at"),
        ("trending", "trending"),
        ("consistent", "consistency_rank"),
        ("rated", "rating_rank"),
    ):
        op.create_index(f"ix_search_documents_{name}", "search_documents", [column, "listing_id"])
    op.create_index(
        "ix_search_documents_price_low",
        "search_documents",
        ["price_cents", "cooling", "listing_id"],
    )
    op.create_index(
        "ix_search_documents_price_high",
        "search_documents",
        ["price_cents", "trending", "listing_id"],
    )
    op.create_index(
        "ix_search_documents_newcomers",
        "search_documents",
        ["published_at"],
        postgresql_where=sa.text("verified AND sales < 3"),
    )
    op.create_index("ix_search_documents_seller", "search_documents", ["seller_id"])
    op.create_index(
        "ix_search_documents_title",
        "search_documents",
        ["title_key"],
        postgresql_ops={"title_key": "text_pattern_ops"},
    )


def _create_pictures() -> None:
    op.create_table(
        "search_vectors",
        sa.Column("listing_id", sa.String(13), nullable=False),
        sa.Column("text_digest", sa.LargeBinary(), nullable=False),
        sa.Column("embedded_by", sa.String(16), nullable=False),
        sa.Column("embedding", HalfVector(384), nullable=False),
        sa.ForeignKeyConstraint(
            ["listing_id"],
            ["search_documents.listing_id"],
            name=op.f("fk_search_vectors_listing_id_search_documents"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("listing_id", name=op.f("pk_search_vectors")),
    )
    op.create_index(
        "ix_search_vectors_embedding",
        "search_vectors",
        ["embedding"],
        postgresql_using="hnsw",
        postgresql_ops={"embedding": "halfvec_cosine_ops"},
    )
    op.create_table(
        "search_pictures",
        sa.Column("id", sa.String(13), nullable=False),
        sa.Column("listing_id", sa.String(13), nullable=False),
        sa.Column("derivatives", postgresql.JSONB(), nullable=False),
        sa.Column("quality", sa.SmallInteger(), nullable=False),
        sa.Column("pdq", HashBits(256), nullable=False),
        sa.Column("dct256", HashBits(256), nullable=False),
        sa.Column("hash_keys", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("look", HalfVector(512), nullable=True),
        sa.Column("look_by", sa.String(40), nullable=True),
        sa.ForeignKeyConstraint(
            ["listing_id"],
            ["search_documents.listing_id"],
            name=op.f("fk_search_pictures_listing_id_search_documents"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_pictures")),
    )
    op.create_index("ix_search_pictures_listing_id", "search_pictures", ["listing_id"])
    op.create_index(
        "ix_search_pictures_hash_keys", "search_pictures", ["hash_keys"], postgresql_using="gin"
    )
    op.create_index(
        "ix_search_pictures_look",
        "search_pictures",
        ["look"],
        postgresql_using="hnsw",
        postgresql_ops={"look": "halfvec_l2_ops"},
    )


def _create_small_tables() -> None:
    op.create_table(
        "search_pending",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("subject", sa.String(13), nullable=False),
        sa.Column("taken_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('document', 'embed', 'look')", name=op.f("ck_search_pending_kind_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_pending")),
    )
    op.create_index("ix_search_pending_kind_id", "search_pending", ["kind", "id"])
    op.create_index("ix_search_pending_kind_subject", "search_pending", ["kind", "subject"])
    op.create_table(
        "search_words",
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("stem", sa.Text(), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("deletes", sa.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_search_words")),
    )
    op.create_index("ix_search_words_deletes", "search_words", ["deletes"], postgresql_using="gin")
    op.create_index("ix_search_words_stem", "search_words", ["stem"])
    op.create_index(
        "ix_search_words_prefix",
        "search_words",
        ["word"],
        postgresql_ops={"word": "text_pattern_ops"},
    )
    op.create_table(
        "search_sellers",
        sa.Column("seller_id", sa.String(13), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["seller_id"],
            ["seller_profiles.user_id"],
            name=op.f("fk_search_sellers_seller_id_seller_profiles"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("seller_id", name=op.f("pk_search_sellers")),
    )
    op.create_index(
        "ix_search_sellers_name",
        "search_sellers",
        ["name_key"],
        postgresql_ops={"name_key": "text_pattern_ops"},
    )
    cell = CELL.split(", ")
    kinds = dict.fromkeys(cell, sa.SmallInteger()) | {
        "family": sa.String(60),
        "model_slug": sa.String(40),
        "tier": sa.String(20),
        "category_slug": sa.String(40),
        "licence": sa.String(100),
        "has_variables": sa.Boolean(),
    }
    op.create_table(
        "search_counts",
        *(sa.Column(name, kinds[name], nullable=False) for name in cell),
        sa.Column("listings", sa.Integer(), nullable=False),
        sa.Column(
            "changed",
            sa.BigInteger(),
            server_default=sa.text("((pg_current_xact_id())::text)::bigint"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint(*cell, name=op.f("pk_search_counts")),
    )
    op.create_index("ix_search_counts_changed", "search_counts", ["changed"])


def downgrade() -> None:
    op.add_column(
        "listings",
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed(
                "setweight(to_tsvector('english'::regconfig, title::text), 'A') || "
                "setweight(to_tsvector('english'::regconfig, immutable_join(tags)), 'B') || "
                "setweight(to_tsvector('english'::regconfig, description), 'C')",
                persisted=True,
            ),
            nullable=False,
        ),
    )
    op.create_index("ix_listings_search", "listings", ["search"], postgresql_using="gin")
    for table in NOTE_TABLES:
        op.execute(f"DROP TRIGGER search_note ON {table}")
    op.execute("DROP TRIGGER search_note_new ON listings")
    for name in NOTE_FUNCTIONS:
        op.execute(f"DROP FUNCTION search_note_{name}")
    for table in ("counts", "sellers", "words", "pending", "pictures", "vectors", "documents"):
        op.drop_table(f"search_{table}")
    op.execute("DROP FUNCTION search_count")
    op.execute("DROP FUNCTION search_hash_keys")
    op.execute("DROP FUNCTION search_fold")
    op.execute("DROP EXTENSION vector")
