-- +goose Up
-- The webhook endpoints that this connector made at Stripe. The secret of each is only told once, when it is made, and
-- every replica needs it. Who reads it can make the connector look at customers, and can claim that one of our updates
-- overwrote a value there: nothing else of what a notification says is believed.
CREATE TABLE webhook_endpoints (
    id       text        PRIMARY KEY,            -- we_...
    secret   text        NOT NULL,
    made_at  timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz                         -- replaced; deliveries of it may still be under way for a while
);

-- What was seen when one of the replicas looked last, and whose turn it is: one row.
CREATE TABLE webhook_watch (
    one        boolean     PRIMARY KEY DEFAULT true CHECK (one),
    looked_at  timestamptz NOT NULL DEFAULT '-infinity',
    busy_until timestamptz NOT NULL DEFAULT '-infinity',
    seen       jsonb       NOT NULL DEFAULT '{}'
);
INSERT INTO webhook_watch DEFAULT VALUES;

-- +goose Down
DROP TABLE webhook_watch;
DROP TABLE webhook_endpoints;
