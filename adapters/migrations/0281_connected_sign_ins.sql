-- Sign-ins by providers of OpenID Connect (decisions/0248): who signs in by which account elsewhere, and sign-ins under way.
--
-- A row of identities without its fact (credentials.identity_linked) was begun and not finished; it signs in to nothing.

CREATE TABLE identities (
    identity_id text PRIMARY KEY,
    learner_id text NOT NULL,
    digest bytea NOT NULL UNIQUE,
    issuer text NOT NULL,
    subject text NOT NULL,
    label text NOT NULL,
    linked_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX identities_of ON identities (learner_id);
COMMENT ON COLUMN identities.digest IS 'HMAC-SHA-256 of issuer and subject, by a key of campus_keys: how a person is found.';
COMMENT ON COLUMN identities.subject IS 'The identifier that the provider has for the person, sealed with the key of the person.';
COMMENT ON COLUMN identities.label IS 'How the provider calls the person, sealed.';

CREATE TABLE authorization_requests (
    state_digest bytea PRIMARY KEY,
    browser_digest bytea NOT NULL,
    provider text NOT NULL,
    purpose text NOT NULL,
    session_id text,
    return_to text NOT NULL,
    begun_at timestamptz NOT NULL,
    until timestamptz NOT NULL
);
CREATE INDEX authorization_requests_until ON authorization_requests (until);
COMMENT ON TABLE authorization_requests IS 'Sign-ins that a browser has begun at a provider; a row is gone with the first answer.';
COMMENT ON COLUMN authorization_requests.browser_digest IS 'SHA-256 of a cookie: what another browser brings is refused.';
COMMENT ON COLUMN authorization_requests.session_id IS 'Of the person who connects an account or proves to be there; null for signing in.';

GRANT SELECT, INSERT, UPDATE, DELETE ON identities, authorization_requests TO {app};
