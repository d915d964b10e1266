-- +goose Up
-- Whose data the answer holds, so that it can be erased. Versions of the program before this column leave it empty.
ALTER TABLE idempotency_keys ADD COLUMN customer_id uuid;
UPDATE idempotency_keys SET customer_id = (body::jsonb ->> 'id')::uuid WHERE status < 400 AND body::jsonb ->> 'object' = 'customer';
CREATE INDEX idempotency_keys_customer ON idempotency_keys (customer_id);

-- +goose Down
ALTER TABLE idempotency_keys DROP COLUMN customer_id;
