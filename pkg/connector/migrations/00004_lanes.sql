-- +goose Up
ALTER TABLE links
    ADD COLUMN bulk       boolean     NOT NULL DEFAULT false, -- an input: what is due is part of a mass of work, and gives way to the rest
    ADD COLUMN offered    boolean     NOT NULL DEFAULT false, -- an input: make no object for it yet, the remote may have one
    ADD COLUMN repair     jsonb,                              -- an input, written at rest alone: what a comparison wants settled
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(); -- of inputs and of the worker's writes
DROP INDEX links_due;
CREATE INDEX links_due ON links (kind, bulk, due_at) WHERE due_at IS NOT NULL;
ALTER TABLE feeds ADD COLUMN gap_at timestamptz NOT NULL DEFAULT '-infinity'; -- when the gap was found

-- +goose Down
ALTER TABLE feeds DROP COLUMN gap_at;
DROP INDEX links_due;
ALTER TABLE links DROP COLUMN bulk, DROP COLUMN offered, DROP COLUMN repair, DROP COLUMN updated_at;
CREATE INDEX links_due ON links (kind, due_at) WHERE due_at IS NOT NULL;
