-- Commands that a rule has refused, with the reason, for 90 days: why a value is not what was expected.
--
-- Beside the log: they are no facts, and nothing follows from them. The application adds and reads; only rows that are old
-- can be deleted.

CREATE TABLE refused_commands (
    id uuid PRIMARY KEY,
    refused_at timestamptz NOT NULL,
    command text NOT NULL,
    learner_id text,
    actor text NOT NULL,
    source text NOT NULL,
    correlation_id text,
    code text NOT NULL,
    sentence text NOT NULL
);
CREATE INDEX refused_commands_learner ON refused_commands (learner_id, refused_at);
CREATE INDEX refused_commands_age ON refused_commands (refused_at);
COMMENT ON COLUMN refused_commands.learner_id IS 'About whom the command was, if it names a learner.';
COMMENT ON COLUMN refused_commands.code IS 'Of the error; `sentence` is what it said.';

GRANT SELECT, INSERT ON refused_commands TO {app};

CREATE FUNCTION forget_refused_commands(most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
    WITH forgotten AS (
        DELETE FROM refused_commands WHERE id IN (
            SELECT id FROM refused_commands WHERE refused_at < clock_timestamp() - interval '90 days'
             ORDER BY refused_at LIMIT most)
        RETURNING 1)
    SELECT count(*) FROM forgotten
$$;
REVOKE ALL ON FUNCTION forget_refused_commands FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_refused_commands TO {app};
