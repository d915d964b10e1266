-- +goose Up
-- polled_at is when the last turn began that came to the end of the feed; until turn_until nobody else takes one.
ALTER TABLE feeds ADD COLUMN turn_until timestamptz NOT NULL DEFAULT '-infinity';

-- +goose Down
ALTER TABLE feeds DROP COLUMN turn_until;
