-- +goose Up
-- What comparisons found. No foreign key to the jobs: their table belongs to another package.
CREATE TABLE findings (
    job_id          uuid   NOT NULL,
    n               bigint NOT NULL,            -- in the order of the listing
    kind            text   NOT NULL,
    record_id       uuid,
    remote_id       text   NOT NULL DEFAULT '',
    fields          jsonb,                      -- what differs, with the values of both sides: personal data
    candidates      jsonb,
    outcome         text   NOT NULL,
    desired_version bigint NOT NULL DEFAULT 0,  -- of the link when the two were compared: whatever moved since is left alone
    version         bigint NOT NULL DEFAULT 0,
    seq             bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (job_id, n)
);
CREATE INDEX findings_record ON findings (record_id) WHERE record_id IS NOT NULL;
CREATE INDEX findings_remote ON findings (job_id, remote_id);

-- The records that the listing of the run at work has shown; empty between runs.
CREATE TABLE listed (
    job_id   uuid NOT NULL,
    local_id uuid NOT NULL,
    PRIMARY KEY (job_id, local_id)
);

-- What the run at work matches objects and customers by; empty between runs.
CREATE TABLE match_keys (
    job_id    uuid    NOT NULL,
    key       text    NOT NULL,
    remote    boolean NOT NULL,               -- an object; else a customer
    id        text    NOT NULL,
    linked    boolean NOT NULL,               -- it has its counterpart already
    contested boolean NOT NULL DEFAULT false, -- there is more than one match
    PRIMARY KEY (job_id, key, remote, id)
);
CREATE INDEX match_keys_contested ON match_keys (job_id, id) WHERE contested;

CREATE INDEX links_repair ON links (kind) WHERE repair IS NOT NULL;

-- +goose Down
DROP INDEX links_repair;
DROP TABLE match_keys;
DROP TABLE listed;
DROP TABLE findings;
