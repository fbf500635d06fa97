-- Second factors (decisions/0231): what proves them, beside the log, which says which of them are asked for.
--
-- A row without its fact is a factor that was begun and never shown to work; it proves nothing.

CREATE TABLE factors (
    factor_id text PRIMARY KEY,
    learner_id text NOT NULL,
    kind text NOT NULL,
    label text NOT NULL,
    secret text,
    last_step bigint NOT NULL DEFAULT 0,
    credential_id bytea UNIQUE,
    public_key bytea,
    sign_count bigint NOT NULL DEFAULT 0,
    made_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX factors_of ON factors (learner_id);
COMMENT ON COLUMN factors.label IS 'How the person calls it, sealed with the key of the person.';
COMMENT ON COLUMN factors.secret IS 'Of an app that shows codes: what it shares with us, sealed with the key of the person.';
COMMENT ON COLUMN factors.last_step IS 'The latest period of 30 s whose code was taken: none of it or before it is taken again.';
COMMENT ON COLUMN factors.sign_count IS 'As a passkey has counted its signatures, if it does: one that counts back is a copy.';

CREATE TABLE recovery_codes (
    codes_id text NOT NULL,
    digest bytea NOT NULL,
    learner_id text NOT NULL,
    PRIMARY KEY (codes_id, digest)
);
CREATE INDEX recovery_codes_of ON recovery_codes (learner_id);
COMMENT ON COLUMN recovery_codes.digest IS 'HMAC-SHA-256 of the code, by a key of campus_keys; a code that was used has no row.';

CREATE TABLE used_challenges (
    digest bytea PRIMARY KEY,
    until timestamptz NOT NULL
);
CREATE INDEX used_challenges_until ON used_challenges (until);
COMMENT ON TABLE used_challenges IS 'Challenges that a passkey has signed, as long as they would be good: none is taken twice.';

ALTER TABLE sessions
    ADD COLUMN confirmed_at timestamptz,
    ADD COLUMN factor_at timestamptz;
COMMENT ON COLUMN sessions.confirmed_at IS 'When a password or a second factor was given last; null for sessions from before this was noted.';
COMMENT ON COLUMN sessions.factor_at IS 'When a second factor was given last; null if none was.';

GRANT SELECT, INSERT, UPDATE, DELETE ON factors, recovery_codes, used_challenges TO {app};
