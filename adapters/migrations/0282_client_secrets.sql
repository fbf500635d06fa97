-- Secrets of clients (decisions/0249): what recognises one, beside the log, which says which of them are valid.

CREATE TABLE client_secrets (
    credential_id text PRIMARY KEY,
    client_id text NOT NULL,
    digest bytea NOT NULL UNIQUE,
    kept_at timestamptz NOT NULL
);
CREATE INDEX client_secrets_of ON client_secrets (client_id);
COMMENT ON COLUMN client_secrets.digest IS 'SHA-256 of 32 random bytes, which were shown once.';

GRANT SELECT, INSERT, UPDATE, DELETE ON client_secrets TO {app};
