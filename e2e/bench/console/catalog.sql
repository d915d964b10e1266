-- A customer for each twentieth change. One in a hundred is failed; a hundred conflicts wait for a person.
INSERT INTO customers (id, version, generation, fields, clock, seen, created_at, updated_at)
SELECT ('0199c2a4-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, n, 1,
    jsonb_build_object('name', 'Customer ' || i, 'email', 'customer' || i || '@example.com', 'phone', '+4930' || i,
        'address.city', 'Berlin', 'address.country', 'DE', 'metadata.plan', 'pro'),
    jsonb_build_object('name', jsonb_build_object('version', 1, 'by', 'catalog', 'at', now())), '{}',
    now() - make_interval(secs => n / 20 - i), now() - make_interval(secs => n / 20 - i)
FROM (SELECT current_setting('bench.changes')::int AS n) AS s, generate_series(1, greatest(n / 20, 1)) AS i;

INSERT INTO customer_sync (customer_id, remote, remote_id, state, version, generation, revision, error, synced_at)
SELECT id, 'stripe', 'cus_' || substr(fields ->> 'name', 10), CASE WHEN failed THEN 'failed' ELSE 'synced' END, version, 1, 1,
    CASE WHEN failed THEN '{"class": "permanent", "field": "email", "reason": "Invalid email address", "attempt": 1, "version": 1}'::jsonb END, now()
FROM customers, LATERAL (SELECT substr(fields ->> 'name', 10)::int % 100 = 1 AS failed) AS f;

INSERT INTO conflicts (id, customer_id, remote, field, catalog_value, remote_value, catalog_version, catalog_by, catalog_at, remote_at, policy,
    winner, settled_at)
SELECT gen_random_uuid(), id, 'stripe', 'phone', '+49301', '+49302', 1, 'a key', now(), now(), CASE WHEN n <= 100 THEN 'manual' ELSE 'newest' END,
    CASE WHEN n <= 100 THEN '' ELSE 'stripe' END, CASE WHEN n > 100 THEN now() END
FROM (SELECT id, row_number() OVER (ORDER BY id DESC) AS n FROM customers) AS c WHERE n <= 2000;
