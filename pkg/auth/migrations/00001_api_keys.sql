-- +goose Up
CREATE TABLE api_keys (
    id         uuid        PRIMARY KEY,
    name       text        NOT NULL CHECK (name <> ''),
    hash       bytea       NOT NULL UNIQUE CHECK (length(hash) = 32), -- SHA-256 of the secret, which is not stored
    scopes     jsonb       NOT NULL CHECK (jsonb_typeof(scopes) = 'array'),
    expires_at timestamptz,                                           -- null: never
    revoked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- +goose Down
DROP TABLE api_keys;
