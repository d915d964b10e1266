-- +goose Up
ALTER TABLE links
    -- Inputs, by operators:
    ADD COLUMN paused        boolean     NOT NULL DEFAULT false, -- no worker takes the row
    ADD COLUMN forced        bigint      NOT NULL DEFAULT 0,     -- not 0: the catalog wins over what the next read shows
    -- The worker's:
    ADD COLUMN held          smallint    NOT NULL DEFAULT 0,     -- rests only because a direction is paused: 1 outbound, 2 inbound
    ADD COLUMN marked        bigint      NOT NULL DEFAULT 0,     -- the version that our mark at the remote tells
    ADD COLUMN looked_at     timestamptz,                        -- when the remote's state was last seen
    ADD COLUMN fingerprint   text,                               -- of the error's class, field and reason; null without one
    ADD COLUMN failing_since timestamptz;

-- Rows come and go here with due_at, whose every change needs a new index entry anyway. The other indexes hold only the
-- rows that are not well, and none of their columns changes in the life of a record that is.
DROP INDEX links_due;
CREATE INDEX links_due ON links (kind, bulk, due_at) WHERE due_at IS NOT NULL AND NOT paused;
CREATE INDEX links_state ON links (kind, state, local_id) WHERE state <> 'synced';
CREATE INDEX links_failing ON links (kind, fingerprint, local_id) WHERE fingerprint IS NOT NULL;
CREATE INDEX links_held ON links (kind, local_id) WHERE held > 0;
CREATE INDEX links_paused ON links (kind, local_id) WHERE paused;
CREATE INDEX inbox_received ON inbox USING brin (received_at);

-- What operators want of all replicas.
CREATE TABLE control (
    kind       text PRIMARY KEY,
    workers    int,                             -- of each replica; null: as configured
    rate       float8,                          -- calls per second of each replica; null: as configured
    outbound   boolean NOT NULL DEFAULT true,
    inbound    boolean NOT NULL DEFAULT true,
    drain      boolean NOT NULL DEFAULT false,
    revision   bigint  NOT NULL DEFAULT 0,
    updated_at timestamptz,
    updated_by text    NOT NULL DEFAULT ''
);

-- The replicas, as they last said.
CREATE TABLE instances (
    kind       text        NOT NULL,
    name       text        NOT NULL,
    version    text        NOT NULL,
    started_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,
    revision   bigint      NOT NULL,            -- of the control that it runs by
    report     jsonb       NOT NULL,
    PRIMARY KEY (kind, name)
);

-- How far the slow sweep over all links has got.
CREATE TABLE sweeps (
    kind     text PRIMARY KEY,
    position uuid        NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    swept_at timestamptz NOT NULL DEFAULT '-infinity'
);

-- +goose Down
DROP TABLE sweeps, instances, control;
DROP INDEX inbox_received, links_paused, links_held, links_failing, links_state, links_due;
CREATE INDEX links_due ON links (kind, bulk, due_at) WHERE due_at IS NOT NULL;
ALTER TABLE links
    DROP COLUMN paused, DROP COLUMN forced, DROP COLUMN held, DROP COLUMN marked, DROP COLUMN looked_at, DROP COLUMN fingerprint,
    DROP COLUMN failing_since;
