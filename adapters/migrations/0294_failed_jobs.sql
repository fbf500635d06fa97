-- The API decides about jobs that have failed for good, and has no rights in the queue: two functions do what it may ask for.

CREATE FUNCTION retry_failed_job(job bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM queued_jobs WHERE job_id = job AND status = 'failed' AND settled_at IS NULL) THEN
        RETURN false;
    END IF;
    PERFORM procrastinate_retry_job_v2(job, clock_timestamp(), NULL, NULL, NULL);
    RETURN true;
END $$;

CREATE FUNCTION dismiss_failed_job(job bigint) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
    WITH dismissed AS (
        UPDATE derived_jobs SET settled_at = clock_timestamp() FROM queued_jobs AS queued
         WHERE queued.job_id = job AND queued.status = 'failed' AND queued.key = derived_jobs.key
           AND derived_jobs.settled_at IS NULL
        RETURNING 1)
    SELECT EXISTS (SELECT FROM dismissed)
$$;

REVOKE ALL ON FUNCTION retry_failed_job, dismiss_failed_job FROM PUBLIC;
GRANT EXECUTE ON FUNCTION retry_failed_job, dismiss_failed_job TO {app};
