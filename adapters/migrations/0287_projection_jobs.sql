-- Rebuilds, promotions and rollbacks that were asked for over HTTP: who carries one out, and how far it is. The log has the decisions.
--
-- A projector takes a job and gives signs of life; where it gives none any more, another one goes on. `taken_by` fences: who has
-- lost a job writes nothing more.

CREATE TABLE projection_jobs (
    id text COLLATE "C" PRIMARY KEY,
    projection text NOT NULL,
    what text NOT NULL CHECK (what IN ('rebuild', 'promotion', 'rollback')),
    position bigint NOT NULL,
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    taken_by text,
    taken_at timestamptz,
    started_at timestamptz,
    deaths integer NOT NULL DEFAULT 0,
    step text,
    done bigint,
    total bigint,
    ended_at timestamptz,
    outcome text CHECK (outcome IN ('finished', 'failed', 'stopped')),
    generation integer,
    cause text,
    CHECK ((ended_at IS NULL) = (outcome IS NULL))
);
COMMENT ON COLUMN projection_jobs.position IS 'Of the fact that asks for it, which has what is wanted.';
COMMENT ON COLUMN projection_jobs.deaths IS 'Processes that have died with it; after some it has failed.';
COMMENT ON COLUMN projection_jobs.cause IS 'Why it has failed, or for what it waits.';
CREATE INDEX projection_jobs_to_do ON projection_jobs (requested_at) WHERE ended_at IS NULL;
CREATE INDEX projection_jobs_listed ON projection_jobs (requested_at DESC, id DESC);

GRANT SELECT, INSERT, UPDATE ON projection_jobs TO {app};

-- Who folds rows may write no facts, but for those that say what has become of a read model.

CREATE FUNCTION append_about_read_models(
    event_counts integer[], keys text[], fingerprints text[], empty_answers bigint[],
    stream_ids text[], stream_versions integer[], types text[], schema_versions smallint[],
    partitions smallint[], datas bytea[], metas bytea[], occurred_ats timestamptz[],
    guard_appends integer[], guard_streams text[], guard_versions integer[]
) RETURNS TABLE (outcome text, first_position bigint, last_position bigint, conflict_stream text, actual_version integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM unnest(stream_ids) AS stream (id) WHERE stream.id NOT LIKE 'projection-%') THEN
        RAISE insufficient_privilege USING MESSAGE = 'only facts about read models are appended by this function';
    END IF;
    RETURN QUERY SELECT * FROM append_events(
        event_counts, keys, fingerprints, empty_answers, stream_ids, stream_versions, types, schema_versions,
        partitions, datas, metas, occurred_ats, guard_appends, guard_streams, guard_versions);
END $$;

REVOKE ALL ON FUNCTION append_about_read_models FROM PUBLIC;
GRANT EXECUTE ON FUNCTION append_about_read_models TO {app};
