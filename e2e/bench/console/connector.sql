-- The links of the catalog's customers, one in a hundred of them refused for one of ten reasons, and a dry run that found
-- a thousand differences.
INSERT INTO links (kind, local_id, desired, desired_version, remote_id, shadow, version, generation, marked, looked_at, state, error, attempts,
    fingerprint, failing_since)
SELECT 'customer', ('0199c2a4-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid,
    jsonb_build_object('kind', 'customer', 'id', '0199c2a4-0000-7000-8000-' || lpad(to_hex(i), 12, '0'), 'version', n, 'generation', 1, 'fields', fields),
    n, 'cus_' || i, fields, n, 1, 1, now(), CASE WHEN failed THEN 'failed' ELSE 'synced' END,
    CASE WHEN failed THEN jsonb_build_object('class', 'permanent', 'field', 'email', 'reason', 'Invalid email address ' || reason, 'attempt', 1, 'version', n) END,
    CASE WHEN failed THEN 1 ELSE 0 END, CASE WHEN failed THEN 'reason' || reason END, CASE WHEN failed THEN now() END
FROM (SELECT current_setting('bench.changes')::int AS n) AS s, generate_series(1, greatest(n / 20, 1)) AS i,
    LATERAL (SELECT i % 100 = 1 AS failed, i / 100 % 10 AS reason, jsonb_build_object('name', 'Customer ' || i,
        'email', 'customer' || i || '@example.com', 'phone', '+4930' || i, 'address.city', 'Berlin', 'address.country', 'DE', 'metadata.plan', 'pro') AS fields) AS f;

INSERT INTO jobs (id, kind, state, args, report, done, total, created_at, created_by, started_at, finished_at, due_at)
VALUES ('ffffffff-0000-7000-8000-000000000000', 'reconcile', 'done', '{}', '{"compared": 50000, "equal": 49000, "drifted": 1000, "fields": {"name": 1000}}',
    50000, 50000, now(), 'console (ada)', now(), now(), NULL);
INSERT INTO findings (job_id, n, kind, record_id, remote_id, fields, outcome)
SELECT 'ffffffff-0000-7000-8000-000000000000', i, 'drift', ('0199c2a4-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 'cus_' || i,
    '[{"field": "name", "before": "Jane Doe", "after": "Jane Roe"}]', 'reported'
FROM generate_series(1, 1000) AS i;
