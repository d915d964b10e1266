-- +goose Up
-- A file that was uploaded, until its job has worked through it. Everything here is deleted some days later.
CREATE TABLE imports (
    id         uuid        PRIMARY KEY,
    job_id     uuid,                              -- null while the file is being uploaded
    format     text        NOT NULL CHECK (format IN ('csv', 'ndjson')),
    delimiter  text        NOT NULL,
    key        text        NOT NULL,              -- column that identifies a customer across imports; '' for none
    header     jsonb       NOT NULL,              -- names of the columns as they came
    columns    jsonb       NOT NULL,              -- what they mean: a canonical path, or '' for what is ignored
    body_at    bigint      NOT NULL,              -- where the rows begin
    bytes      bigint      NOT NULL DEFAULT 0,
    author     jsonb       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX imports_age ON imports (created_at);

CREATE TABLE import_chunks (
    import_id uuid    NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    seq       integer NOT NULL,
    data      bytea   NOT NULL,                   -- all but the last one of a file have the same length
    PRIMARY KEY (import_id, seq)
);

CREATE TABLE import_errors (
    import_id uuid   NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    line      bigint NOT NULL,
    reason    text   NOT NULL,
    source    text   NOT NULL,                    -- the row as it came
    PRIMARY KEY (import_id, line)
);

-- +goose Down
DROP TABLE import_errors;
DROP TABLE import_chunks;
DROP TABLE imports;
