-- +goose Up
CREATE TABLE customers (
    id         uuid        PRIMARY KEY,
    version    bigint      NOT NULL CHECK (version >= 1),    -- grows by one with every committed change
    generation bigint      NOT NULL CHECK (generation >= 1), -- grows by one with every restore
    deleted_at timestamptz,                                  -- not null: a tombstone, which stays
    fields     jsonb       NOT NULL CHECK (jsonb_typeof(fields) = 'object'), -- canonical path -> text, never empty
    clock      jsonb       NOT NULL CHECK (jsonb_typeof(clock) = 'object'),  -- canonical path -> who set it, at which version
    seen       jsonb       NOT NULL CHECK (jsonb_typeof(seen) = 'object'),   -- remote -> the last of its changes that is contained
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
-- Pages are read newest first.
CREATE INDEX customers_page ON customers (created_at DESC, id DESC);
CREATE INDEX customers_updated ON customers (updated_at);
-- The pattern operator class serves both equality and prefixes, whatever the database's collation.
CREATE INDEX customers_email ON customers (lower(fields ->> 'email') text_pattern_ops);
CREATE INDEX customers_name ON customers (lower(fields ->> 'name') text_pattern_ops);

-- How far each remote has got with each customer, as its connector reported. No foreign key: a report may overtake the
-- change that creates the customer.
CREATE TABLE customer_sync (
    customer_id uuid        NOT NULL,
    remote      text        NOT NULL,
    remote_id   text        NOT NULL DEFAULT '',
    state       text        NOT NULL,
    version     bigint      NOT NULL,             -- the catalog version that the remote reflects
    generation  bigint      NOT NULL,
    revision    bigint      NOT NULL,             -- numbers the reports of a connector about the customer
    error       jsonb,                            -- why it is retrying or failed
    synced_at   timestamptz,                      -- when the remote last reflected the customer
    updated_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (customer_id, remote)
);
CREATE INDEX customer_sync_remote_id ON customer_sync (remote, remote_id);
CREATE INDEX customer_sync_state ON customer_sync (remote, state) WHERE state <> 'synced';

-- Fields that were changed on both sides, each without having seen the other's change, and how that was settled.
CREATE TABLE conflicts (
    id              uuid        PRIMARY KEY, -- UUIDv7: ascending in time
    customer_id     uuid        NOT NULL REFERENCES customers (id),
    remote          text        NOT NULL,
    field           text        NOT NULL,
    catalog_value   text        NOT NULL,    -- '' means that it was cleared
    remote_value    text        NOT NULL,
    catalog_version bigint      NOT NULL,
    catalog_by      text        NOT NULL,
    catalog_at      timestamptz NOT NULL,
    remote_at       timestamptz NOT NULL,
    policy          text        NOT NULL CHECK (policy IN ('catalog', 'remote', 'newest')),
    winner          text        NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX conflicts_customer ON conflicts (customer_id, id DESC);

-- +goose Down
DROP TABLE conflicts;
DROP TABLE customer_sync;
DROP TABLE customers;
