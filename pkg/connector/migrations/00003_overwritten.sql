-- +goose Up
ALTER TABLE links
    ADD COLUMN overwritten jsonb, -- an input: values that our updates overwrote unseen, as the remote's notifications told
    ADD COLUMN pushes      jsonb; -- the worker's: the last updates, kept until their notifications arrive

-- +goose Down
ALTER TABLE links DROP COLUMN overwritten, DROP COLUMN pushes;
