"""Our own pictures of verified listings, brought up to date with their documents.

They are re-runs of samples and pictures of consistency sheets: all made by our workers, all public.
What a seller uploaded is never among them.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.verification.similarity import READABLE_QUALITY, TRUSTED_QUALITY

PDQ_KIND, DCT_KIND = 0, 1

# Pictures of the live version's newest run that reproduced it, and of its newest sheet.
_CURRENT = """
    SELECT k.id, d.listing_id, k.derivatives, k.pdq_quality AS quality, k.pdq, k.dct256
    FROM search_documents d
    JOIN listings l ON l.id = d.listing_id
    JOIN LATERAL (
        SELECT r.id FROM verification_runs r
        WHERE r.version_id = l.live_version_id AND r.state = 'completed'
          AND r.verdict = 'reproduced' AND r.kind <> 'preflight'
        ORDER BY r.created_at DESC LIMIT 1
    ) AS run ON true
    JOIN sample_checks k ON k.run_id = run.id
    WHERE d.listing_id = ANY(:ids) AND d.verified
    UNION ALL
    SELECT p.id, d.listing_id, p.derivatives, p.pdq_quality, p.pdq, p.dct256
    FROM search_documents d
    JOIN listings l ON l.id = d.listing_id
    JOIN LATERAL (
        SELECT r.id FROM consistency_reports r
        WHERE r.version_id = l.live_version_id AND r.state = 'completed' AND r.purpose = 'public'
        ORDER BY r.created_at DESC LIMIT 1
    ) AS report ON true
    JOIN consistency_pictures p ON p.report_id = report.id
    WHERE d.listing_id = ANY(:ids) AND d.verified AND p.failure IS NULL
"""
_SYNC = text(f"""
    WITH current AS MATERIALIZED (
        SELECT * FROM ({_CURRENT}) AS every
        WHERE pdq IS NOT NULL AND dct256 IS NOT NULL AND quality IS NOT NULL
          AND jsonb_array_length(derivatives) > 0
    ), gone AS (
        DELETE FROM search_pictures
        WHERE listing_id = ANY(:ids) AND id NOT IN (SELECT id FROM current)
    ), added AS (
        INSERT INTO search_pictures (id, listing_id, derivatives, quality, pdq, dct256, hash_keys)
        SELECT id, listing_id, derivatives, quality, pdq, dct256,
            CASE WHEN quality >= {TRUSTED_QUALITY} THEN search_hash_keys(pdq, {PDQ_KIND})
                 WHEN quality >= {READABLE_QUALITY} THEN search_hash_keys(dct256, {DCT_KIND})
                 ELSE '{{}}'::integer[] END
        FROM current
        ON CONFLICT (id) DO NOTHING
        RETURNING id
    )
    INSERT INTO search_pending (kind, subject) SELECT 'look', id FROM added
""")  # noqa: S608 (constants of this module)


def sync(session: Session, listing_ids: Sequence[str]) -> None:
    """Add and remove pictures of these listings; new ones are noted to be looked at."""
    session.execute(_SYNC, {"ids": list(listing_ids)})
