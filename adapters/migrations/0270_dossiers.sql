-- Dossiers that were asked for over HTTP (docs/dossier.md): how they stand, and their files.
--
-- Never the truth: a dossier is made of the log again. They are few, and forgotten after some days.

CREATE TABLE dossiers (
    id text PRIMARY KEY,
    learner_id text NOT NULL,
    position bigint NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    taken_at timestamptz,
    tries smallint NOT NULL DEFAULT 0,
    steps smallint NOT NULL DEFAULT 0,
    done_at timestamptz,
    failure_code text,
    failure text,
    file bytea
);
CREATE UNIQUE INDEX dossiers_asked_for_once ON dossiers (learner_id, position, asked_by) WHERE failure IS NULL;
CREATE INDEX dossiers_by_time ON dossiers (asked_at);
ALTER TABLE dossiers ALTER COLUMN file SET STORAGE EXTERNAL;  -- sent as it is
COMMENT ON COLUMN dossiers.taken_at IS 'The latest sign of life of the process that makes it.';
COMMENT ON COLUMN dossiers.steps IS 'How many steps of the work are done.';
COMMENT ON COLUMN dossiers.done_at IS 'When it was there, or had failed for good.';

GRANT SELECT, INSERT, UPDATE, DELETE ON dossiers TO {app};
