-- Whose sessions and tokens have changed lately (decisions/0277): a process remembers what it knows of all others.
--
-- A row is written in the transaction of the change, by a trigger, so that no statement can forget it. It has the number of
-- that transaction, since rows become visible in the order of commits: a process asks for those of all transactions that its
-- last look may not have seen.

CREATE TABLE access_changes (
    learner_id text NOT NULL,
    transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX access_changes_by_transaction ON access_changes (transaction);
COMMENT ON TABLE access_changes IS 'Persons of whom a session or a token has ended, or got another secret; kept for an hour.';

CREATE FUNCTION note_access_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
BEGIN
    INSERT INTO access_changes (learner_id) VALUES (OLD.learner_id);
    RETURN NULL;
END $$;

CREATE TRIGGER sessions_changed
 AFTER DELETE OR UPDATE OF token_hash, learner_id, session_id, until, confirmed_at, factor_at ON sessions
   FOR EACH ROW EXECUTE FUNCTION note_access_change();
CREATE TRIGGER api_tokens_changed
 AFTER DELETE OR UPDATE OF token_hash, learner_id, kind, scopes, until, with_factor ON api_tokens
   FOR EACH ROW EXECUTE FUNCTION note_access_change();

GRANT SELECT, DELETE ON access_changes TO {app};
