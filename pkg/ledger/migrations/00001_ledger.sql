-- +goose Up
-- What happened to each record, for people to read. Ids are UUIDv7, ascending in time, so that they serve as the key of
-- the partitions (one a day), as the order of pages and as the way to find a line: one index does all three.
CREATE TABLE changes (
    id         uuid             NOT NULL PRIMARY KEY,
    at         timestamptz      NOT NULL,
    direction  text COLLATE "C" NOT NULL CHECK (direction IN ('local', 'outbound', 'inbound')),
    kind       text             NOT NULL,
    record_id  text COLLATE "C" NOT NULL,
    remote_id  text COLLATE "C" NOT NULL,
    origin     text             NOT NULL,
    op         text             NOT NULL,
    version    bigint           NOT NULL,
    state      text             NOT NULL,
    skip       text             NOT NULL,
    fields     json,                       -- personal data: erased with the record
    event_id   text COLLATE "C" NOT NULL,
    request_id text COLLATE "C" NOT NULL,
    trace_id   text COLLATE "C" NOT NULL,
    latency_ms double precision NOT NULL
) PARTITION BY RANGE (id);
CREATE INDEX changes_record ON changes (record_id, id);
CREATE INDEX changes_direction ON changes (direction, id);
-- The states of most changes are in no index: a page of them is soon full without one.
CREATE INDEX changes_state ON changes (state, id) WHERE state IN ('skipped', 'retrying', 'failed', 'discarded');
CREATE INDEX changes_remote ON changes (remote_id, id) WHERE remote_id <> '';
CREATE INDEX changes_event ON changes (event_id) WHERE event_id <> '';
CREATE INDEX changes_request ON changes (request_id) WHERE request_id <> '';
CREATE INDEX changes_trace ON changes (trace_id) WHERE trace_id <> '';

-- The calls to a remote that a change took.
CREATE TABLE attempts (
    id          uuid             NOT NULL PRIMARY KEY,
    change_id   uuid             NOT NULL,
    record_id   text COLLATE "C" NOT NULL,
    number      integer          NOT NULL,
    op          text             NOT NULL,
    worker      text             NOT NULL,
    started_at  timestamptz      NOT NULL,
    duration_ms double precision NOT NULL,
    status      integer          NOT NULL,
    request_id  text COLLATE "C" NOT NULL,
    class       text             NOT NULL,
    field       text             NOT NULL,
    error       text             NOT NULL  -- may quote personal data: erased with the record
) PARTITION BY RANGE (id);
CREATE INDEX attempts_change ON attempts (change_id);
CREATE INDEX attempts_request ON attempts (request_id) WHERE request_id <> '';
CREATE INDEX attempts_error ON attempts (record_id) WHERE error <> '';

-- Writing never waits for a partition, nor fails for the lack of one.
CREATE TABLE changes_default PARTITION OF changes DEFAULT;
CREATE TABLE attempts_default PARTITION OF attempts DEFAULT;

-- One line per minute and service, added to by every replica.
CREATE TABLE rollups (
    minute   timestamptz PRIMARY KEY,
    outbound bigint      NOT NULL,
    inbound  bigint      NOT NULL,
    errors   jsonb       NOT NULL, -- class -> count
    latency  bigint[]    NOT NULL, -- histograms; trailing empty buckets are left out
    calls    bigint[]    NOT NULL
);

-- What operators did. It is kept for ever.
CREATE TABLE audit (
    id     uuid        PRIMARY KEY,
    at     timestamptz NOT NULL,
    actor  text        NOT NULL,
    action text        NOT NULL,
    target text        NOT NULL,
    reason text        NOT NULL,
    detail jsonb
);

-- +goose StatementBegin
-- The lowest id that a moment can have.
CREATE FUNCTION ledger_floor(moment timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT (lpad(to_hex(floor(extract(epoch FROM moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Makes the partition of a day (in UTC). Attaching, unlike CREATE TABLE ... PARTITION OF, does not stop the writers.
-- False: it is there, or rows of that day are in the default partition, where the whole day stays then.
CREATE FUNCTION ledger_prepare(parent text, day date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    name  text := parent || to_char(day, '_YYYYMMDD');
    first uuid := ledger_floor(day::timestamp AT TIME ZONE 'UTC');
    after uuid := ledger_floor((day + 1)::timestamp AT TIME ZONE 'UTC');
    taken boolean;
BEGIN
    IF to_regclass(name) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE id >= $1 AND id < $2)', parent || '_default') INTO taken USING first, after;
    IF taken THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', name, parent);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, name, first, after);
    RETURN true;
EXCEPTION WHEN check_violation THEN -- a row of that day has come in meanwhile
    RETURN false;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
DO $$
BEGIN
    FOR ahead IN 0..3 LOOP
        PERFORM ledger_prepare('changes', (now() AT TIME ZONE 'UTC')::date + ahead);
        PERFORM ledger_prepare('attempts', (now() AT TIME ZONE 'UTC')::date + ahead);
    END LOOP;
END
$$;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION ledger_prepare;
DROP FUNCTION ledger_floor;
DROP TABLE audit;
DROP TABLE rollups;
DROP TABLE attempts;
DROP TABLE changes;
