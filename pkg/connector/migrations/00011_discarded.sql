-- +goose Up
ALTER TABLE links ADD COLUMN discarded jsonb; -- an input, written at rest alone: who gave the record up, and why; it holds while state says so

-- +goose Down
UPDATE links SET state = 'failed' WHERE state = 'discarded';
ALTER TABLE links DROP COLUMN discarded;
