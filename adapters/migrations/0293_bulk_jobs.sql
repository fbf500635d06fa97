-- Bulk jobs: the lines of each, what a dry run has said of them, and what became of them. The log has the decisions.
--
-- A dispatcher takes a job that was started and gives signs of life; where it gives none any more, another one goes on with the
-- lines that have no outcome. `taken_by` fences: who has lost a job writes nothing more.

CREATE TABLE bulk_jobs (
    id text COLLATE "C" PRIMARY KEY,
    kind text NOT NULL,
    prepared_by text NOT NULL,
    prepared_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    undoes text,
    lines integer NOT NULL,
    started_at timestamptz,
    ended_at timestamptz,
    taken_by text,
    taken_at timestamptz,
    failure text
);
CREATE INDEX bulk_jobs_to_do ON bulk_jobs (started_at) WHERE started_at IS NOT NULL AND ended_at IS NULL;
CREATE INDEX bulk_jobs_listed ON bulk_jobs (prepared_at DESC, id);
COMMENT ON COLUMN bulk_jobs.failure IS 'Why no line is carried out: the lines are not those of the dry run.';

CREATE TABLE bulk_lines (
    job_id text COLLATE "C" NOT NULL REFERENCES bulk_jobs ON DELETE CASCADE,
    line integer NOT NULL,
    fields jsonb NOT NULL,
    foreseen text[] NOT NULL,
    problem text,
    outcome text CHECK (outcome IN ('done', 'unchanged', 'refused')),
    sentence text,
    position bigint,
    PRIMARY KEY (job_id, line)
);
COMMENT ON COLUMN bulk_lines.foreseen IS 'Types of the facts that the dry run would have recorded; `problem` is why it was refused.';
COMMENT ON COLUMN bulk_lines.outcome IS 'Null as long as the line is not carried out.';
CREATE INDEX bulk_lines_left ON bulk_lines (job_id, line) WHERE outcome IS NULL;

GRANT SELECT, INSERT, UPDATE, DELETE ON bulk_jobs, bulk_lines TO {app};
