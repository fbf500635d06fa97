-- What is secret about signing in, beside the log (decisions/0214): hashes of passwords, hashes of the tokens of sessions.
--
-- Which password is valid is a fact (`credentials.password_set` names its id); a session is opened and revoked by facts. What stands here is
-- needed to check a secret, and nothing else; a row without its fact lets no one in.

CREATE TABLE passwords (
    password_id text PRIMARY KEY,
    learner_id text NOT NULL,
    hash text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX passwords_of ON passwords (learner_id);

CREATE TABLE sessions (
    token_hash bytea PRIMARY KEY,
    learner_id text NOT NULL,
    session_id text NOT NULL,
    opened_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    until timestamptz NOT NULL
);
CREATE UNIQUE INDEX sessions_of ON sessions (learner_id, session_id);
CREATE INDEX sessions_until ON sessions (until);
COMMENT ON COLUMN sessions.token_hash IS 'SHA-256 of 32 random bytes, which only the browser has.';
COMMENT ON COLUMN sessions.seen_at IS 'The latest request, to the minute: a session that is not used ends.';

CREATE TABLE failed_logins (
    key bytea PRIMARY KEY,
    failures integer NOT NULL,
    since timestamptz NOT NULL
);
CREATE INDEX failed_logins_since ON failed_logins (since);
COMMENT ON TABLE failed_logins IS 'How often signing in has failed, by a keyed digest of the address and where it came from.';

GRANT SELECT, INSERT, UPDATE, DELETE ON passwords, sessions, failed_logins TO {app};
