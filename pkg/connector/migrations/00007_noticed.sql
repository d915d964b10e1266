-- +goose Up
ALTER TABLE feeds ADD COLUMN noticed_at timestamptz; -- when the last notice came in by itself, to the second or so

-- +goose Down
ALTER TABLE feeds DROP COLUMN noticed_at;
