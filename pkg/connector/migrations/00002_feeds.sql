-- +goose Up
-- How far the remote's feed of changes has been read.
CREATE TABLE feeds (
    kind      text PRIMARY KEY,
    position  text        NOT NULL DEFAULT '',               -- the remote's own words; '' before the first poll
    polled_at timestamptz NOT NULL DEFAULT '-infinity',
    gap       text        NOT NULL DEFAULT ''                -- why a full reconcile is due; '' when it is not
);

-- +goose Down
DROP TABLE feeds;
