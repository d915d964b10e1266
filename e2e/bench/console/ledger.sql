-- The same changes at the catalog and at the connector, each from its own point of view. bench.changes says how many,
-- bench.service at which of the two. Ids ascend in time as UUIDv7 do.
SELECT ledger_prepare('changes', day::date), ledger_prepare('attempts', day::date)
FROM generate_series(now() AT TIME ZONE 'UTC' - interval '29 days', now() AT TIME ZONE 'UTC', interval '1 day') AS day;

INSERT INTO changes
SELECT (substr(ledger_floor(at)::text, 1, 14) || '7' || substr(md5(i::text), 1, 3) || '-8' || substr(md5(i::text), 4, 3) || '-' || lpad(to_hex(i), 12, '0'))::uuid,
    at, CASE WHEN i % 20 = 0 THEN 'inbound' WHEN service = 'catalog' THEN 'local' ELSE 'outbound' END,
    'customer', '0199c2a4-0000-7000-8000-' || lpad(to_hex(record), 12, '0'), 'cus_' || record,
    CASE WHEN i % 20 = 0 THEN 'stripe' ELSE 'a key' END, 'update', i,
    CASE WHEN i % 20 > 0 AND service = 'catalog' THEN 'accepted' WHEN i % 1000 = 1 THEN 'failed' ELSE 'applied' END, '',
    '[{"field":"name","before":"Jane Doe","after":"Jane Roe"}]',
    'evt_' || md5('e' || i), 'req-' || md5('r' || i), md5('t' || i), 80
FROM (
    SELECT i, service, at, CASE WHEN i % 10 = 5 THEN 1 ELSE 1 + i % greatest(n / 20, 1) END AS record
    FROM (SELECT current_setting('bench.changes')::int AS n, current_setting('bench.service') AS service) AS s,
        generate_series(1, n) AS i, LATERAL (SELECT now() - make_interval(secs => (n - i) * 29 * 86400.0 / n) AS at) AS t
) AS c;

INSERT INTO attempts
SELECT id, id, record_id, 1, 'update', 'here/1', at, 75, 200, 'req_' || md5('a' || version), '', '', '' FROM changes WHERE direction = 'outbound';

INSERT INTO rollups
SELECT minute, 60, 3, '{"transient": 1}', ARRAY[0, 0, 5, 20, 20, 10, 5], ARRAY[0, 0, 10, 40, 10]
FROM generate_series(date_trunc('minute', now()) - interval '1 day', now(), interval '1 minute') AS minute ON CONFLICT DO NOTHING;

INSERT INTO audit
SELECT (substr(ledger_floor(now() - make_interval(mins => i))::text, 1, 14) || '7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid,
    now() - make_interval(mins => i), 'console (ada)', 'workers.scale', '', '', '{"workers": 8}'
FROM generate_series(1, 10000) AS i;

INSERT INTO jobs (id, kind, state, args, done, total, counts, created_at, created_by, started_at, finished_at, due_at)
SELECT (substr(ledger_floor(at)::text, 1, 14) || '7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid,
    'retry', 'done', '{"all": true}', 100, 100, '{"tried": 100}', at, 'console (ada)', at, at, NULL
FROM generate_series(1, 500) AS i, LATERAL (SELECT now() - make_interval(hours => i) AS at) AS t;

INSERT INTO dead_letters (id, at, queue, exchange, key, message_id, digest, reason, headers, body)
SELECT gen_random_uuid(), now() - make_interval(mins => i), 'a queue', 'catalog.events', 'customer.updated', i::text, decode(md5(i::text), 'hex'),
    'the message is no JSON', '{}', '{'
FROM generate_series(1, 1000) AS i;

