INSERT INTO users (id, email, display_name, active, fs_uniquifier, created_at)
SELECT 'u' || lpad(n::text, 12, '0'), 's' || n || '@bracket.example', 'Seller ' || n, true, 'u' || n,
       now() - (n % 400) * interval '1 day'
FROM generate_series(1, :sellers) n;
INSERT INTO seller_profiles (user_id, handle, display_name, bio, transfers_status, created_at)
SELECT 'u' || lpad(n::text, 12, '0'), 'seller-' || n, 'Seller ' || n, '', 'active',
       now() - (n % 400) * interval '1 day'
FROM generate_series(1, :sellers) n;
INSERT INTO listings (id, seller_id, slug, title, description, tags, category_slug, price_cents,
                      currency, state, version_id, live_version_id, submitted_at, published_at)
SELECT lpad(n::text, 13, '0'), 'u' || lpad((1 + n % :sellers)::text, 12, '0'), 'jade-' || n,
       'Jade carvings no. ' || n,
       'One look for many subjects: fill in what you like, the light and the palette stay.',
       ARRAY['jade', 'carving', 'museum'], 'wallpapers', 299, 'usd',
       CASE WHEN n <= :open AND n % 10 < 8 THEN 'in_review' ELSE 'live' END, lpad(n::text, 13, '0'),
       CASE WHEN n > :open OR n % 10 >= 8 THEN lpad(n::text, 13, '0') END, now() - n * interval '7 seconds',
       CASE WHEN n > :open OR n % 10 >= 8 THEN now() - n * interval '5 seconds' END
FROM generate_series(1, :all) n;
INSERT INTO listing_versions (id, listing_id, number, prompt_sealed, prompt_fingerprint, skeleton,
                              variables, word_count, target_model_slug, scheduler, steps, guidance,
                              width, height)
SELECT lpad(n::text, 13, '0'), lpad(n::text, 13, '0'), 1, :prompt,
       decode(lpad(to_hex(n), 64, '0'), 'hex'), '[]'::jsonb, CAST(:variables AS jsonb), 12,
       'house-full', 'dpmpp_2m', 20, 4.0, 256, 256
FROM generate_series(1, :all) n;
INSERT INTO samples (id, version_id, position, values, seed, original_key, file_sha256,
                     pixel_sha256, width, height, alt, derivatives)
SELECT lpad((n * 10 + p)::text, 13, '0'), lpad(n::text, 13, '0'), p,
       jsonb_build_object('animal', 'fox', 'ground', 'moss'), p, 'private/' || n || '/' || p,
       decode(lpad(to_hex(n * 10 + p), 64, '0'), 'hex'),
       decode(lpad(to_hex(n * 10 + p), 64, 'a'), 'hex'), 256, 256, 'Jade fox',
       jsonb_build_array(jsonb_build_object('width', 256, 'height', 256, 'webp', 's.webp',
                                            'jpeg', 's.jpg'))
FROM generate_series(1, :all) n, generate_series(1, 4) p;
INSERT INTO verification_runs (id, version_id, kind, state, verdict, samples_total, samples_done,
                               step, steps, engine, attempts, finished_at)
SELECT lpad(n::text, 13, '0'), lpad(n::text, 13, '0'), 'listing', 'completed',
       CASE WHEN n % 9 = 0 THEN 'mismatch' WHEN n % 7 = 0 THEN 'inconclusive' ELSE 'reproduced' END,
       4, 4, 20, 20, 'diffusers', 1, now()
FROM generate_series(1, :all) n;
INSERT INTO sample_checks (id, run_id, sample_id, position, band, decided_by, pdq_distance,
                           phash_distance, dct_distance, quality, seconds, derivatives)
SELECT lpad((n * 10 + p)::text, 13, '0'), lpad(n::text, 13, '0'),
       lpad((n * 10 + p)::text, 13, '0'), p, 'reproduced', 'pdq', 4, 1, 4, 90, 1.0,
       jsonb_build_array(jsonb_build_object('width', 256, 'height', 256, 'webp', 'r.webp',
                                            'jpeg', 'r.jpg'))
FROM generate_series(1, :all) n, generate_series(1, 4) p;
INSERT INTO moderation_cases (id, listing_id, version_id, run_id, state, verdict, lane, about, risk_rank,
                              due_at, override, decided_by, decided_at, decision_note, created_at)
SELECT lpad(n::text, 13, '0'), lpad(n::text, 13, '0'), lpad(n::text, 13, '0'),
       lpad(n::text, 13, '0'), CASE WHEN n <= :open THEN 'open' ELSE 'approved' END,
       CASE WHEN n % 9 = 0 THEN 'mismatch' WHEN n % 7 = 0 THEN 'inconclusive' ELSE 'reproduced' END,
       (ARRAY['new', 'edits', 'young', 'unconfirmed', 'scanner', 'payment_risk', 'new', 'young',
              'reports', 'reverification'])[1 + n % 10],
       CASE WHEN n <= :open AND n % 10 >= 8 THEN 'on_sale' ELSE 'submission' END,
       (n * 37) % 101, now() + (n % 3000 - 1000) * interval '1 minute', n > :open,
       CASE WHEN n > :open THEN 'u000000000001' END, CASE WHEN n > :open THEN now() END,
       CASE WHEN n > :open THEN 'Compared by eye.' END,
       now() - n * interval '3 seconds'
FROM generate_series(1, :all) n;
INSERT INTO listing_complaints (id, listing_id, person_id, reason, note, case_id)
SELECT lpad((n * 10 + p)::text, 13, '0'), lpad(n::text, 13, '0'),
       'u' || lpad((1 + (n + p) % :sellers)::text, 12, '0'),
       (ARRAY['copied', 'misleading', 'spam'])[p], 'Look at the second picture, please.',
       lpad(n::text, 13, '0')
FROM generate_series(1, :open) n, generate_series(1, 3) p WHERE n % 10 = 8;
INSERT INTO model_changes (id, engine, what) VALUES ('c000000000001', 'diffusers', 'new weights');
INSERT INTO reverifications (id, change_id, version_id, run_id, state, sales, tries, reason)
SELECT lpad(n::text, 13, '0'), 'c000000000001', lpad(n::text, 13, '0'), lpad(n::text, 13, '0'),
       'referred', n % 40, 1, 'The samples came out close, but not close enough to call equal.'
FROM generate_series(1, :open) n WHERE n % 10 = 9;
INSERT INTO moderation_case_events (id, case_id, action, to_state)
SELECT lpad(n::text, 13, '0'), lpad(n::text, 13, '0'), 'open', 'open'
FROM generate_series(1, :all) n;
INSERT INTO moderation_findings (id, case_id, code, severity, field, explanation)
SELECT lpad(n::text, 13, '0'), lpad(n::text, 13, '0'), 'SAMPLES_MISMATCH', 'serious', 'samples',
       'Sample 2 was not made by this prompt.'
FROM generate_series(1, :all) n WHERE n % 9 = 0;
INSERT INTO policy_checks (id, version_id, stage, policy_version, digest, state, attempts,
                           finished_at)
SELECT lpad(n::text, 13, '0'), lpad(n::text, 13, '0'), 'texts', :policy,
       decode(lpad(to_hex(n), 64, '0'), 'hex'), 'done', 1, now()
FROM generate_series(1, :all) n;
INSERT INTO policy_findings (id, check_id, position, code, severity, field, rule, details_sealed,
                             others)
SELECT lpad((n * 10 + p)::text, 13, '0'), lpad(n::text, 13, '0'), p, 'THIRD_PARTY_IP', 'hard',
       'template', 'names.character', :details, '[]'::jsonb
FROM generate_series(1, :all) n, generate_series(1, 2) p WHERE n % 3 = 0
