-- +goose Up
-- Per remote, the fields whose conflict waits for a person, with what the remote holds. It is what the open lines of
-- conflicts say, at hand where the customer's row is locked anyway.
ALTER TABLE customers ADD COLUMN held jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(held) = 'object');

ALTER TABLE conflicts DROP CONSTRAINT conflicts_policy_check;
ALTER TABLE conflicts ADD CHECK (policy IN ('catalog', 'remote', 'newest', 'manual'));
ALTER TABLE conflicts ADD COLUMN change_id uuid;                           -- the line of the ledger that met or settled it last
ALTER TABLE conflicts ADD COLUMN resolved_by text NOT NULL DEFAULT '';     -- the operator, if it was settled by hand
ALTER TABLE conflicts ADD COLUMN settled_at timestamptz;                   -- null: it waits for a person
UPDATE conflicts SET settled_at = created_at;
CREATE UNIQUE INDEX conflicts_open ON conflicts (customer_id, remote, field) WHERE settled_at IS NULL;
CREATE INDEX conflicts_waiting ON conflicts (id) WHERE settled_at IS NULL;
CREATE INDEX conflicts_change ON conflicts (change_id);

-- +goose Down
DROP INDEX conflicts_change;
DROP INDEX conflicts_waiting;
DROP INDEX conflicts_open;
DELETE FROM conflicts WHERE policy = 'manual';
ALTER TABLE conflicts DROP COLUMN settled_at, DROP COLUMN resolved_by, DROP COLUMN change_id;
ALTER TABLE conflicts DROP CONSTRAINT conflicts_policy_check;
ALTER TABLE conflicts ADD CHECK (policy IN ('catalog', 'remote', 'newest'));
ALTER TABLE customers DROP COLUMN held;
