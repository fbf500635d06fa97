-- How often a job has failed by its own fault: these tries decide when it fails for good.
--
-- procrastinate_jobs.attempts counts every start, also those that ended because PostgreSQL went away, a version conflict
-- was lost, or the process was stopped or died.

ALTER TABLE derived_jobs ADD COLUMN failures integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN derived_jobs.failures IS 'Tries that have failed by the job''s own fault.';
