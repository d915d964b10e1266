-- +goose Up
ALTER TABLE links
    ADD COLUMN origin   jsonb,                    -- an input: the event that brought desired
    ADD COLUMN event_id text NOT NULL DEFAULT '', -- an input: the last notification that raised checks
    ADD COLUMN line     jsonb;                    -- the worker's: the outbound change at work, as the ledger has it

-- +goose Down
ALTER TABLE links DROP COLUMN origin, DROP COLUMN event_id, DROP COLUMN line;
