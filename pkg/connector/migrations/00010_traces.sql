-- +goose Up
ALTER TABLE links ADD COLUMN event_trace text NOT NULL DEFAULT ''; -- an input: the trace context that came with event_id

-- +goose Down
ALTER TABLE links DROP COLUMN event_trace;
