-- +goose Up
-- Which customers wait for a remote follows from two tables' versions, which no index can hold. What was last written
-- before `until` is known not to wait for it, but for the customers in sync_waiting: so only what is newer has to be compared.
CREATE TABLE sync_followed (
    remote text        PRIMARY KEY,
    until  timestamptz NOT NULL
);
CREATE TABLE sync_waiting (
    remote      text NOT NULL,
    customer_id uuid NOT NULL,
    PRIMARY KEY (remote, customer_id)
);

-- The few that are not in sync are listed newest first without looking up and sorting all of them.
ALTER TABLE customer_sync ADD COLUMN created_at timestamptz; -- the customer's; null: synced, or the report overtook the customer
UPDATE customer_sync s SET created_at = c.created_at FROM customers c WHERE c.id = s.customer_id AND s.state <> 'synced';
DROP INDEX customer_sync_state;
CREATE INDEX customer_sync_state ON customer_sync (remote, state, created_at DESC, customer_id DESC) WHERE state <> 'synced';

-- +goose Down
DROP INDEX customer_sync_state;
ALTER TABLE customer_sync DROP COLUMN created_at;
CREATE INDEX customer_sync_state ON customer_sync (remote, state) WHERE state <> 'synced';
DROP TABLE sync_waiting;
DROP TABLE sync_followed;
