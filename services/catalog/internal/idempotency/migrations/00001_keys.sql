-- +goose Up
CREATE TABLE idempotency_keys (
    api_key_id   uuid        NOT NULL, -- keys of different clients do not meet
    key          text        NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    request_hash bytea       NOT NULL,
    status       int         NOT NULL,
    headers      jsonb       NOT NULL,
    body         text        NOT NULL, -- text, not jsonb: the answer is repeated byte for byte
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (api_key_id, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

-- +goose Down
DROP TABLE idempotency_keys;
