"""Search documents, made from live listings' public text by the database itself.

What goes in is listed here and nowhere else: title, tags, names of category and model, description.
Nothing of a version but its model, its scheduler and whether it has variables; never a prompt.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

WRITER_LOCK = 7_264_002
"""One writer at a time, whatever its process: nobody can overwrite a newer document by an older."""

_FOLDED = """
    search_fold(l.title) AS title_key,
    search_fold(array_to_string(l.tags, ' ')) AS tags_key,
    search_fold(concat_ws(' ', c.name, m.name, m.family)) AS names_key,
    search_fold(l.description) AS description_key
"""
# As tiers.tier_under has it: where noise is drawn at every step nothing can be remade one for one.
_TIER = """
    CASE WHEN m.tier IN ('exact', 'perceptual')
              AND coalesce(m.determinism ->> v.scheduler, 'none') <> 'ode'
         THEN 'distributional' ELSE m.tier END
"""
# log2 of the sum of 2^(weeks since 2026) over the sales and the publication: see docs/search.md.
# The largest is taken out before the powers are formed, so that none overflows.
_DEMAND = """
    SELECT count(*) - 1 AS sales, max(at) + ln(sum(power(2, at - top))) / ln(2) AS trending
    FROM (
        SELECT at, max(at) OVER () AS top FROM (
            SELECT extract(epoch FROM moment - timestamptz '2026-01-01Z')::float8 / 604800 AS at
            FROM (
                SELECT l.published_at AS moment
                UNION ALL
                SELECT e.created_at FROM entitlements e
                WHERE e.listing_id = l.id AND e.state = 'granted'
            ) AS moments
        ) AS weeks
    ) AS weighed
"""
# Who can never be paid again has nothing for sale, and a model that is switched off makes nothing.
_ON_SALE = """l.state = 'live' AND s.transfers_status <> 'rejected'
          AND m.tier <> 'archived' AND (m.retired_on IS NULL OR m.retired_on > current_date)"""
_WRITE = text(f"""
    WITH live AS (
        SELECT l.id AS listing_id, l.seller_id, {_FOLDED},
            m.family, m.slug AS model_slug, {_TIER} AS tier, l.category_slug, m.licence,
            l.price_cents, jsonb_array_length(v.variables) > 0 AS has_variables,
            coalesce(run.verdict = 'reproduced', false) AND v.degraded_since IS NULL AS verified,
            sheet.consistency, coalesce(stars.stars, 0) AS rating_sum,
            coalesce(stars.ratings, 0) AS rating_count,
            demand.sales, demand.trending, l.published_at,
            sha256(convert_to(concat_ws(chr(10), l.title, l.tags::text, c.name, l.description),
                              'UTF8')) AS text_digest
        FROM listings l
        JOIN listing_versions v ON v.id = l.live_version_id
        JOIN target_models m ON m.slug = v.target_model_slug
        JOIN categories c ON c.slug = l.category_slug
        JOIN seller_profiles s ON s.user_id = l.seller_id
        LEFT JOIN LATERAL (
            SELECT r.verdict FROM verification_runs r
            WHERE r.version_id = v.id AND r.state = 'completed' AND r.kind <> 'preflight'
            ORDER BY r.created_at DESC LIMIT 1
        ) AS run ON true
        LEFT JOIN LATERAL (
            SELECT floor(100 * (r.summary -> 'adherence' ->> 'value')::float8)::smallint
                   AS consistency
            FROM consistency_reports r
            WHERE r.version_id = v.id AND r.state = 'completed' AND r.purpose = 'public'
            ORDER BY r.created_at DESC LIMIT 1
        ) AS sheet ON true
        LEFT JOIN listing_ratings stars ON stars.listing_id = l.id
        CROSS JOIN LATERAL ({_DEMAND}) AS demand
        WHERE l.id = ANY(:ids) AND {_ON_SALE}
    )
    INSERT INTO search_documents (
        listing_id, seller_id, title_key, family, model_slug, tier, category_slug, licence,
        price_cents, has_variables, verified, consistency, rating_sum, rating_count, sales,
        trending, published_at, text_digest, words
    )
    SELECT listing_id, seller_id, title_key, family, model_slug, tier, category_slug, licence,
        price_cents, has_variables, verified, consistency, rating_sum, rating_count, sales,
        trending, published_at, text_digest,
        setweight(to_tsvector(CAST(:language AS regconfig), title_key), 'A')
        || setweight(to_tsvector(CAST(:language AS regconfig), tags_key), 'B')
        || setweight(to_tsvector(CAST(:language AS regconfig), names_key), 'C')
        || setweight(to_tsvector(CAST(:language AS regconfig), description_key), 'D')
    FROM live
    ON CONFLICT (listing_id) DO UPDATE SET
        seller_id = excluded.seller_id, title_key = excluded.title_key, family = excluded.family,
        model_slug = excluded.model_slug, tier = excluded.tier,
        category_slug = excluded.category_slug, licence = excluded.licence,
        price_cents = excluded.price_cents, has_variables = excluded.has_variables,
        verified = excluded.verified, consistency = excluded.consistency,
        rating_sum = excluded.rating_sum, rating_count = excluded.rating_count,
        sales = excluded.sales,
        trending = excluded.trending, published_at = excluded.published_at,
        text_digest = excluded.text_digest, words = excluded.words
    -- Most notes change little or nothing, and a row written anew costs an entry in every index.
    WHERE (search_documents.seller_id, search_documents.title_key, search_documents.family,
           search_documents.model_slug, search_documents.tier, search_documents.category_slug,
           search_documents.licence, search_documents.price_cents, search_documents.has_variables,
           search_documents.verified, search_documents.consistency,
           search_documents.rating_sum, search_documents.rating_count, search_documents.sales,
           search_documents.trending, search_documents.published_at, search_documents.text_digest,
           search_documents.words)
        IS DISTINCT FROM
          (excluded.seller_id, excluded.title_key, excluded.family, excluded.model_slug,
           excluded.tier, excluded.category_slug, excluded.licence, excluded.price_cents,
           excluded.has_variables, excluded.verified, excluded.consistency,
           excluded.rating_sum, excluded.rating_count, excluded.sales,
           excluded.trending, excluded.published_at, excluded.text_digest, excluded.words)
""")  # noqa: S608 (constants of this module)
_REMOVE = text(f"""
    DELETE FROM search_documents WHERE listing_id = ANY(:ids) AND listing_id NOT IN (
        SELECT l.id FROM listings l
        JOIN listing_versions v ON v.id = l.live_version_id
        JOIN target_models m ON m.slug = v.target_model_slug
        JOIN seller_profiles s ON s.user_id = l.seller_id
        WHERE l.id = ANY(:ids) AND {_ON_SALE}
    )
""")  # noqa: S608 (constants of this module)
_SELLERS = text("""
    INSERT INTO search_sellers (seller_id, name_key)
    SELECT DISTINCT s.user_id, search_fold(s.display_name)
    FROM search_documents d JOIN seller_profiles s ON s.user_id = d.seller_id
    WHERE d.listing_id = ANY(:ids)
    ON CONFLICT (seller_id) DO UPDATE SET name_key = excluded.name_key
    WHERE search_sellers.name_key <> excluded.name_key
""")
_TO_EMBED = text("""
    INSERT INTO search_pending (kind, subject)
    SELECT 'embed', d.listing_id
    FROM search_documents d LEFT JOIN search_vectors v USING (listing_id)
    WHERE d.listing_id = ANY(:ids) AND v.text_digest IS DISTINCT FROM d.text_digest
      AND NOT EXISTS (
          SELECT 1 FROM search_pending p
          WHERE p.kind = 'embed' AND p.subject = d.listing_id AND p.taken_until IS NULL
      )
""")
_LOCK = text("SELECT pg_advisory_xact_lock(:lock)")
_WORDS = text("""
    SELECT word, min(stem) AS stem, count(*) AS documents FROM (
        SELECT DISTINCT d.listing_id, lexeme AS word,
            coalesce((tsvector_to_array(to_tsvector(CAST(:language AS regconfig), lexeme)))[1], '')
                AS stem
        FROM search_documents d
        JOIN listings l ON l.id = d.listing_id
        JOIN categories c ON c.slug = l.category_slug
        JOIN target_models m ON m.slug = d.model_slug,
        unnest(to_tsvector('simple', search_fold(concat_ws(' ', l.title,
            array_to_string(l.tags, ' '), c.name, m.name, m.family, l.description))))
        WHERE d.listing_id = ANY(:ids) AND length(lexeme) BETWEEN 3 AND 30
          AND lexeme ~ '^[[:alpha:]]+$'
    ) AS found GROUP BY word
""")
_EMBEDDED = text("""
    SELECT l.id, d.text_digest,
        concat_ws('. ', l.title, array_to_string(l.tags, ', '), c.name, l.description) AS body
    FROM search_documents d
    JOIN listings l ON l.id = d.listing_id
    JOIN categories c ON c.slug = l.category_slug
    WHERE d.listing_id = ANY(:ids)
""")


def write(session: Session, listing_ids: Sequence[str], language: str, embed: bool = True) -> int:
    """Bring the documents of these listings up to date: made, changed or taken away.

    Waits for other writers and keeps them out until the session commits. Returns the number of
    documents that changed.

    Args:
        embed: note which texts have to be embedded.
    """
    ids = sorted(set(listing_ids))
    lock_writing(session)
    # A statement of its own: it sees whatever was committed while the lock was waited for.
    values = {"ids": ids, "language": language}
    changed = session.execute(_WRITE, values).rowcount  # type: ignore[attr-defined]
    changed += session.execute(_REMOVE, {"ids": ids}).rowcount  # type: ignore[attr-defined]
    session.execute(_SELLERS, {"ids": ids})
    if embed:
        session.execute(_TO_EMBED, {"ids": ids})
    return int(changed)


def lock_writing(session: Session) -> None:
    """Wait for the one who writes documents, and be that one until the session commits."""
    session.execute(_LOCK, {"lock": WRITER_LOCK})


def words_of(
    session: Session, listing_ids: Sequence[str], language: str
) -> list[tuple[str, str, int]]:
    """(word, stem, in how many of these documents) of the documents' public text."""
    values = {"ids": list(listing_ids), "language": language}
    return [(row.word, row.stem, row.documents) for row in session.execute(_WORDS, values)]


def texts_of(session: Session, listing_ids: Sequence[str]) -> list[tuple[str, bytes, str]]:
    """(listing id, digest, public text to embed) of documents that are there."""
    rows = session.execute(_EMBEDDED, {"ids": list(listing_ids)})
    return [(row.id, row.text_digest, row.body) for row in rows]
