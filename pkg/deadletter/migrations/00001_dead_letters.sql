-- +goose Up
-- Messages that could not be handled, each once, kept until an operator decides.
CREATE TABLE dead_letters (
    id           uuid PRIMARY KEY,
    at           timestamptz NOT NULL DEFAULT now(),
    queue        text        NOT NULL,               -- that it was consumed from; '' when nothing tells
    exchange     text        NOT NULL,
    key          text        NOT NULL,
    message_id   text        NOT NULL,
    digest       bytea       NOT NULL,               -- of the body: two messages may carry the same id, or none
    reason       text        NOT NULL,
    headers      jsonb       NOT NULL,
    body         bytea       NOT NULL,
    message_time timestamptz,                        -- what the message says
    replays      int         NOT NULL DEFAULT 0,     -- a letter that comes back carries the number of its replay
    state        text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'replayed', 'discarded')),
    settled_at   timestamptz,
    settled_by   text        NOT NULL DEFAULT '',
    settled_for  text        NOT NULL DEFAULT '',
    erased       boolean     NOT NULL DEFAULT false, -- headers and body are gone
    CHECK ((state = 'waiting') = (settled_at IS NULL)),
    CHECK (NOT erased OR (state <> 'waiting' AND body = '' AND headers = '{}'))
);

CREATE UNIQUE INDEX dead_letters_message ON dead_letters (queue, message_id, digest);
CREATE INDEX dead_letters_at ON dead_letters (at, id);
CREATE INDEX dead_letters_state ON dead_letters (state, at, id);

-- +goose Down
DROP TABLE dead_letters;
