-- The first answers to requests of the API are kept for some days only; those of reactions, jobs, imports and seeds for ever:
-- their commands may be repeated at any time.

CREATE FUNCTION forget_first_answers(after interval, most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
    WITH forgotten AS (
        DELETE FROM idempotency WHERE key IN (
            SELECT key FROM idempotency
             WHERE key >= 'api:' AND key < 'api;' AND recorded_at < clock_timestamp() - after
             ORDER BY key LIMIT most)
        RETURNING 1)
    SELECT count(*) FROM forgotten
$$;
REVOKE ALL ON FUNCTION forget_first_answers FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_first_answers TO {app};
