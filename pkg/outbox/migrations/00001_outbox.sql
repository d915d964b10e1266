-- +goose Up
-- A queue: nearly every row is deleted within milliseconds. Vacuum by number of dead rows and not by share of the table.
CREATE TABLE outbox (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- the order of work, not of commits: never a cursor
    exchange     text        NOT NULL,
    key          text        NOT NULL,
    message_id   text        NOT NULL,
    headers      jsonb       NOT NULL DEFAULT '{}',
    body         bytea       NOT NULL,
    message_time timestamptz,                       -- what the message says; created_at is what this database says
    created_at   timestamptz NOT NULL DEFAULT now()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000);

-- +goose Down
DROP TABLE outbox;
