"""How rows are made of the plan, table by table, each in one statement.

A row's id is its listing's first eleven characters and two more: v0 the version, r0 its run, k0 its
case, c0 its consistency report, s1, h1, p1 … samples, their checks, pictures of the report.
"""

STAGING = """
CREATE TEMPORARY TABLE bulk_plan (
    listing_id text, seller_id text, slug text, title text, description text, tags text[],
    category text, price_cents bigint, model text, scheduler text, steps integer,
    guidance float8, seedable boolean, reproduced boolean, published_at timestamptz,
    prompt integer, picture integer, samples integer, adherence float8
) ON COMMIT DROP;
CREATE TEMPORARY TABLE bulk_prompts (
    number integer, sealed bytea, fingerprint bytea, skeleton jsonb, variables jsonb,
    word_count integer, fills jsonb
) ON COMMIT DROP;
CREATE TEMPORARY TABLE bulk_pictures (
    number integer, original_key text, derivatives jsonb
) ON COMMIT DROP
"""

_DRAWN = "hashtextextended(p.listing_id || at.place, 0)"
"""Sixty-four random-looking bits, the same for the same row."""

_LISTINGS = """
INSERT INTO listings (id, seller_id, slug, title, description, tags, category_slug, price_cents,
    currency, state, version_id, live_version_id, created_at, submitted_at, published_at)
SELECT listing_id, seller_id, slug, title, description, tags, category, price_cents, 'usd', 'live',
    left(listing_id, 11) || 'v0', left(listing_id, 11) || 'v0', published_at - interval '2 days',
    published_at - interval '1 day', published_at
FROM bulk_plan
"""
_VERSIONS = """
INSERT INTO listing_versions (id, listing_id, number, prompt_sealed, prompt_fingerprint, skeleton,
    variables, word_count, target_model_slug, scheduler, steps, guidance, width, height, created_at)
SELECT left(p.listing_id, 11) || 'v0', p.listing_id, 1, q.sealed, q.fingerprint, q.skeleton,
    q.variables, q.word_count, p.model, p.scheduler, p.steps, p.guidance, 256, 256,
    p.published_at - interval '2 days'
FROM bulk_plan p JOIN bulk_prompts q ON q.number = p.prompt
"""
# Hashes are left out and digests made up: shared pictures would otherwise be copies of one another.
_SAMPLES = f"""
INSERT INTO samples (id, version_id, position, values, seed, original_key, file_sha256,
    pixel_sha256, width, height, alt, derivatives, created_at)
SELECT left(p.listing_id, 11) || 's' || at.place, left(p.listing_id, 11) || 'v0', at.place,
    q.fills -> ((p.prompt + at.place * 5) % jsonb_array_length(q.fills)),
    CASE WHEN p.seedable THEN abs({_DRAWN} % 4294967296) END, b.original_key,
    sha256(convert_to('file ' || p.listing_id || at.place, 'UTF8')),
    sha256(convert_to('pixels ' || p.listing_id || at.place, 'UTF8')), 256, 256,
    p.title || ', sample ' || at.place, b.derivatives, p.published_at - interval '2 days'
FROM bulk_plan p
JOIN bulk_prompts q ON q.number = p.prompt
CROSS JOIN LATERAL generate_series(1, p.samples) AS at(place)
JOIN bulk_pictures b
  ON b.number = (p.picture + at.place * 7) % (SELECT count(*) FROM bulk_pictures)
"""  # noqa: S608 (constants of this module)
_RUNS = """
INSERT INTO verification_runs (id, version_id, state, verdict, samples_total, samples_done, step,
    steps, engine, queue, attempts, created_at, started_at, finished_at)
SELECT left(p.listing_id, 11) || 'r0', left(p.listing_id, 11) || 'v0', 'completed',
    CASE WHEN p.reproduced THEN 'reproduced' ELSE 'not_rerun' END, p.samples, p.samples, 0,
    p.steps, m.source, 'engine.' || m.engine, 1, p.published_at - interval '1 day',
    p.published_at - interval '23 hours', p.published_at - interval '22 hours'
FROM bulk_plan p JOIN target_models m ON m.slug = p.model
"""
_CHECKS = f"""
INSERT INTO sample_checks (id, run_id, sample_id, position, band, decided_by, pdq_distance,
    phash_distance, dct_distance, quality, seconds, derivatives, created_at)
SELECT left(p.listing_id, 11) || 'h' || at.place, left(p.listing_id, 11) || 'r0',
    left(p.listing_id, 11) || 's' || at.place, at.place, 'reproduced', 'pdq',
    abs({_DRAWN} % 28), abs({_DRAWN} % 5), abs({_DRAWN} % 21), 80, 4.2, b.derivatives,
    p.published_at - interval '22 hours'
FROM bulk_plan p
CROSS JOIN LATERAL generate_series(1, p.samples) AS at(place)
JOIN bulk_pictures b
  ON b.number = (p.picture + at.place * 7) % (SELECT count(*) FROM bulk_pictures)
WHERE p.reproduced
"""  # noqa: S608 (constants of this module)
_CASES = """
INSERT INTO moderation_cases (id, listing_id, version_id, run_id, about, state, verdict, lane,
    risk_rank, due_at, decided_by, decided_at, override, decision_note, created_at)
SELECT left(listing_id, 11) || 'k0', listing_id, left(listing_id, 11) || 'v0',
    left(listing_id, 11) || 'r0', 'submission', 'approved',
    CASE WHEN reproduced THEN 'reproduced' ELSE 'not_rerun' END, 'new', 50, published_at,
    seller_id, published_at, NOT reproduced, 'Made up in bulk, for measuring.',
    published_at - interval '22 hours'
FROM bulk_plan
"""
_REPORTS = """
INSERT INTO consistency_reports (id, version_id, purpose, state, engine, queue, rule_version,
    fills, seeds, left_out, pictures_total, pictures_done, work_units, attempts, summary,
    created_at, finished_at)
SELECT left(p.listing_id, 11) || 'c0', left(p.listing_id, 11) || 'v0', 'public', 'completed',
    m.source, 'engine.' || m.engine, 1, 2, 1, 0, 2, 2, 2 * p.steps, 1,
    jsonb_build_object(
        'failures',
        jsonb_build_object('failed', 0, 'total', 2, 'value', 0.0, 'low', 0.0, 'high', 0.8419),
        'adherence', jsonb_build_object('value', p.adherence, 'low', greatest(p.adherence - 0.1, 0),
                                        'high', least(p.adherence + 0.1, 1)),
        'scale', jsonb_build_object('name', 'made up', 'version', '1',
                                    'meaning', 'Nothing was measured.', 'line', 0.5),
        'spread', jsonb_build_object('value', 0.2, 'low', 0.15, 'high', 0.25),
        'style_limit', 0.3, 'worst', 2, 'map', jsonb_build_array()
    ),
    p.published_at - interval '22 hours', p.published_at - interval '20 hours'
FROM bulk_plan p JOIN target_models m ON m.slug = p.model
WHERE p.reproduced
"""
_SHEETS = f"""
INSERT INTO consistency_pictures (id, report_id, number, fill, seed_column, values, seed, state,
    adherence, seconds, derivatives, created_at)
SELECT left(p.listing_id, 11) || 'p' || at.place, left(p.listing_id, 11) || 'c0', at.place,
    at.place - 1, 0, q.fills -> ((p.prompt + at.place) % jsonb_array_length(q.fills)),
    abs({_DRAWN} % 4294967296), 'made', p.adherence, 4.2, b.derivatives,
    p.published_at - interval '20 hours'
FROM bulk_plan p
JOIN bulk_prompts q ON q.number = p.prompt
CROSS JOIN generate_series(1, 2) AS at(place)
JOIN bulk_pictures b
  ON b.number = (p.picture + at.place * 11) % (SELECT count(*) FROM bulk_pictures)
WHERE p.reproduced
"""  # noqa: S608 (constants of this module)

MAKING = {
    "listings": _LISTINGS,
    "listing_versions": _VERSIONS,
    "samples": _SAMPLES,
    "verification_runs": _RUNS,
    "sample_checks": _CHECKS,
    "moderation_cases": _CASES,
    "consistency_reports": _REPORTS,
    "consistency_pictures": _SHEETS,
}
"""Statement by the table that it fills, in the order in which rows refer to one another."""
