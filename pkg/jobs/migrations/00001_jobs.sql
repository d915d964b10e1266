-- +goose Up
CREATE TABLE jobs (
    id          uuid        PRIMARY KEY,                       -- UUIDv7: ascending in time
    kind        text        NOT NULL,
    state       text        NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    alone       boolean     NOT NULL DEFAULT false,            -- no other unfinished job of its kind beside it
    args        jsonb       NOT NULL,                          -- what was asked for; never changes
    cursor      jsonb,                                         -- where to go on
    report      jsonb,                                         -- what it found so far, in the words of its kind
    done        bigint      NOT NULL DEFAULT 0,
    total       bigint      NOT NULL DEFAULT 0,
    counts      jsonb       NOT NULL DEFAULT '{}',
    error       text        NOT NULL DEFAULT '',
    cancelling  boolean     NOT NULL DEFAULT false,            -- an operator wants it to end
    created_at  timestamptz NOT NULL DEFAULT now(),
    created_by  text        NOT NULL,
    started_at  timestamptz,
    finished_at timestamptz,

    -- When a runner may take it: now for a new one, later while a runner holds it or when it has to wait, null when it
    -- is finished. The token fences whoever held it before.
    due_at      timestamptz DEFAULT now(),
    token       bigint      NOT NULL DEFAULT 0,
    owner       text        NOT NULL DEFAULT '',
    takes       int         NOT NULL DEFAULT 0,                -- how often it was taken up since it last got any further
    CHECK ((state IN ('queued', 'running')) = (due_at IS NOT NULL))
);
CREATE INDEX jobs_due ON jobs (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;
CREATE UNIQUE INDEX jobs_alone ON jobs (kind) WHERE alone AND due_at IS NOT NULL;

-- +goose Down
DROP TABLE jobs;
