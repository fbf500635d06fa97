-- Which jobs were derived from which facts: each once, however often the fact is seen, also after the job has finished.
--
-- Never the truth: `campus worker dispatcher --resync` derives from the log what is owed and has no job.

CREATE TABLE derived_jobs (
    key text COLLATE "C" PRIMARY KEY,
    name text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    stream_id text COLLATE "C" NOT NULL,
    due_at timestamptz NOT NULL,
    job_id bigint,
    cause text,
    tried_at timestamptz,
    settled_at timestamptz
);
COMMENT ON COLUMN derived_jobs.key IS 'The fact''s event id, and the name of the job.';
COMMENT ON COLUMN derived_jobs.position IS 'The fact from which the job was derived.';
COMMENT ON COLUMN derived_jobs.due_at IS 'By the clock of the campus; procrastinate_jobs.scheduled_at is by that of the server.';
COMMENT ON COLUMN derived_jobs.job_id IS 'The job in procrastinate_jobs; a job that has succeeded is deleted there.';
COMMENT ON COLUMN derived_jobs.cause IS 'Why the latest try failed.';
COMMENT ON COLUMN derived_jobs.settled_at IS 'When the dispatcher saw a fact that ends the job, such as its outcome.';

CREATE INDEX derived_jobs_open ON derived_jobs (stream_id) WHERE settled_at IS NULL;
CREATE INDEX derived_jobs_job ON derived_jobs (job_id);

-- A derived job and its job in the queue. Ids alone do not say so: they begin again after TRUNCATE … RESTART IDENTITY.
CREATE VIEW queued_jobs AS
    SELECT d.*, j.status, j.attempts, j.scheduled_at
      FROM derived_jobs AS d JOIN procrastinate_jobs AS j ON j.id = d.job_id AND j.args ->> 'key' = d.key;

GRANT SELECT ON queued_jobs TO {app};
GRANT SELECT, INSERT, UPDATE, DELETE ON derived_jobs TO {app};
