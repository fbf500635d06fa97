-- Tokens of the API (decisions/0232): what is needed to recognise one, beside the log, which says that it was issued and revoked.

CREATE TABLE api_tokens (
    token_id text PRIMARY KEY,
    learner_id text NOT NULL,
    kind text NOT NULL,
    scopes text[] NOT NULL,
    label text NOT NULL,
    token_hash bytea UNIQUE,
    turn bigint NOT NULL DEFAULT 0,
    issued_at timestamptz NOT NULL,
    used_at timestamptz,
    until timestamptz NOT NULL
);
CREATE INDEX api_tokens_of ON api_tokens (learner_id);
CREATE INDEX api_tokens_until ON api_tokens (until);
COMMENT ON COLUMN api_tokens.label IS 'How the person calls it, sealed with the key of the person.';
COMMENT ON COLUMN api_tokens.token_hash IS 'SHA-256 of 32 random bytes, which only the holder has; null for an app, whose tokens are made of the turn.';
COMMENT ON COLUMN api_tokens.turn IS 'How often an app has renewed: the token of an earlier turn was used before, so it was stolen, and all end.';

GRANT SELECT, INSERT, UPDATE, DELETE ON api_tokens TO {app};
