-- +goose Up
ALTER TABLE customers ADD COLUMN erased_at timestamptz CHECK (erased_at IS NULL OR deleted_at IS NOT NULL); -- not null: a tombstone without personal data, for good

-- +goose Down
ALTER TABLE customers DROP COLUMN erased_at;
