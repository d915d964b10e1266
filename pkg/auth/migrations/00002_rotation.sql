-- +goose Up
ALTER TABLE api_keys
    ADD COLUMN prefix  text NOT NULL DEFAULT '', -- the first characters of the secret, to tell keys apart
    ADD COLUMN used_at timestamptz;              -- to the minute

-- Secrets that were replaced and work on for a while. The present one is in api_keys, where earlier versions of the
-- programs look for it.
CREATE TABLE api_key_replaced (
    hash        bytea       PRIMARY KEY CHECK (length(hash) = 32),
    key_id      uuid        NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    works_until timestamptz NOT NULL
);

CREATE INDEX api_key_replaced_key ON api_key_replaced (key_id);

-- +goose Down
DROP TABLE api_key_replaced;
ALTER TABLE api_keys DROP COLUMN used_at, DROP COLUMN prefix;
