-- Keys of persons and digests of their addresses (docs/privacy.md), beside the log: what is destroyed here is erased.
--
-- A key is wrapped by a master key that is not in the database. The application makes keys and cannot replace one; a key that
-- is destroyed leaves its row, so that no other takes its place.

CREATE TABLE person_keys (
    learner_id text PRIMARY KEY,
    master text NOT NULL,
    wrapped bytea,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    destroyed_at timestamptz,
    CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
);
COMMENT ON COLUMN person_keys.master IS 'The name of the master key that wraps it; empty for a key that was never made.';

CREATE TABLE campus_keys (
    purpose text PRIMARY KEY,
    master text NOT NULL,
    wrapped bytea NOT NULL
);

CREATE TABLE account_addresses (
    digest bytea PRIMARY KEY,
    learner_id text NOT NULL,
    asks integer NOT NULL DEFAULT 0,
    asked_at timestamptz
);
CREATE INDEX account_addresses_of ON account_addresses (learner_id);
COMMENT ON COLUMN account_addresses.digest IS 'HMAC-SHA-256 of the address, by a key of campus_keys.';
COMMENT ON COLUMN account_addresses.asks IS 'How many mails were asked for without being signed in; asked_at is the last time.';

CREATE FUNCTION destroy_person_key(person text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
    INSERT INTO person_keys AS kept (learner_id, master, wrapped, destroyed_at)
    VALUES (person, '', NULL, clock_timestamp())
    ON CONFLICT (learner_id) DO UPDATE SET wrapped = NULL, destroyed_at = clock_timestamp()
     WHERE kept.wrapped IS NOT NULL
$$;
REVOKE ALL ON FUNCTION destroy_person_key FROM PUBLIC;
GRANT EXECUTE ON FUNCTION destroy_person_key TO {app};
GRANT SELECT, INSERT ON person_keys, campus_keys TO {app};
GRANT SELECT, INSERT, UPDATE, DELETE ON account_addresses TO {app};
