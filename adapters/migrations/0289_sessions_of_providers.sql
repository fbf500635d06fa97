-- By which sign-in elsewhere a session was opened (decisions/0255): so that it ends with the session at the provider, or with the
-- connection, and so that who signs out here can sign out there.
--
-- A row is written when the provider has answered, before the session is opened, and is gone with it. Sessions from before this have none.

CREATE TABLE provider_sessions (
    provider_session_id text PRIMARY KEY,
    learner_id text NOT NULL,
    identity_id text NOT NULL,
    sid bytea,
    id_token text NOT NULL,
    begun_at timestamptz NOT NULL
);
CREATE INDEX provider_sessions_of ON provider_sessions (learner_id);
CREATE INDEX provider_sessions_by_identity ON provider_sessions (identity_id);
CREATE INDEX provider_sessions_by_sid ON provider_sessions (sid) WHERE sid IS NOT NULL;
CREATE INDEX provider_sessions_begun ON provider_sessions (begun_at);
COMMENT ON COLUMN provider_sessions.sid IS 'HMAC-SHA-256 of issuer and session there, by a key of campus_keys; null if the provider has named none.';
COMMENT ON COLUMN provider_sessions.id_token IS 'What the provider has said of the person, sealed with the key of the person: it is shown to the provider to sign out there.';

ALTER TABLE sessions ADD COLUMN provider_session_id text;
CREATE INDEX sessions_of_providers ON sessions (provider_session_id) WHERE provider_session_id IS NOT NULL;

GRANT SELECT, INSERT, DELETE ON provider_sessions TO {app};
