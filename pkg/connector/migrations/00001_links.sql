-- +goose Up
-- One row for each record at this remote. The inputs (events, webhooks) only write the first group of columns, the
-- worker that holds the lease only the second, so neither overwrites the other.
CREATE TABLE links (
    kind             text    NOT NULL,
    local_id         uuid    NOT NULL,

    desired          jsonb,                        -- the newest catalog snapshot that arrived
    desired_version  bigint  NOT NULL DEFAULT 0,
    checks           bigint  NOT NULL DEFAULT 0,   -- raised whenever the remote may have moved

    remote_id        text    CHECK (remote_id <> ''),
    shadow           jsonb,                        -- the remote's fields as last observed or written
    version          bigint  NOT NULL DEFAULT 0,   -- the catalog version that the remote reflects
    generation       bigint  NOT NULL DEFAULT 0,
    seq              bigint  NOT NULL DEFAULT 0,   -- numbers the changes sent to the catalog
    pending          jsonb,                        -- fields whose change the catalog has not been seen to apply
    intent           jsonb,                        -- the call in progress, committed before it is made
    last_key         text    NOT NULL DEFAULT '',  -- idempotency key of the last answered call: tells echoes
    doubt            jsonb,                        -- a write whose outcome stayed unknown and that may still land
    checked          bigint  NOT NULL DEFAULT 0,   -- the value of checks that the last read covered
    gone             boolean NOT NULL DEFAULT false,
    state            text    NOT NULL DEFAULT 'pending',
    error            jsonb,
    attempts         int     NOT NULL DEFAULT 0,   -- failures in a row

    -- When a worker may next take the row: now for fresh work, later for a back-off and while a worker holds it, null
    -- at rest. A lease is therefore nothing but a due time in the future and the token that fences its holder.
    due_at           timestamptz,
    lease_token      bigint  NOT NULL DEFAULT 0,
    lease_owner      text    NOT NULL DEFAULT '',

    created_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kind, local_id)
) WITH (fillfactor = 70);                          -- every change updates its row several times: leave room on the page

CREATE INDEX links_due ON links (kind, due_at) WHERE due_at IS NOT NULL;
CREATE UNIQUE INDEX links_remote_id ON links (kind, remote_id) WHERE remote_id IS NOT NULL;

-- Every notification of the remote, once. No payload: it may hold personal data, and it is only a trigger.
CREATE TABLE inbox (
    event_id    text PRIMARY KEY,
    type        text NOT NULL,
    remote_id   text NOT NULL DEFAULT '',
    local_id    uuid,
    outcome     text NOT NULL,
    reason      text NOT NULL DEFAULT '',
    received_at timestamptz NOT NULL DEFAULT now()
);

-- +goose Down
DROP TABLE inbox;
DROP TABLE links;
