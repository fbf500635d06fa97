-- What the auditor has found, which makes the rows of random learners anew from the log and compares.

CREATE TABLE audits (
    projection text COLLATE "C" NOT NULL,
    generation integer NOT NULL,
    checked bigint NOT NULL DEFAULT 0,
    wrong bigint NOT NULL DEFAULT 0,
    checked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (projection, generation),
    FOREIGN KEY (projection, generation) REFERENCES projections (name, generation) ON DELETE CASCADE
) WITH (fillfactor = 20);
COMMENT ON COLUMN audits.checked IS 'Learners whose rows were compared; one who comes again counts again.';

CREATE TABLE audit_findings (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    projection text COLLATE "C" NOT NULL,
    generation integer NOT NULL,
    learner text COLLATE "C" NOT NULL,
    table_name text COLLATE "C" NOT NULL,
    key jsonb NOT NULL,
    position bigint,
    reason text NOT NULL,
    found_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (projection, generation, table_name, key),
    FOREIGN KEY (projection, generation) REFERENCES projections (name, generation) ON DELETE CASCADE
);
COMMENT ON TABLE audit_findings IS 'Rows that are not what the log says; gone when they are right again.';
COMMENT ON COLUMN audit_findings.position IS 'Of the first fact at which the row and the log went apart, where that is known.';

CREATE INDEX repairs_open ON repairs (projection, generation) WHERE done_at IS NULL;

GRANT SELECT, INSERT, UPDATE, DELETE ON audits, audit_findings TO {app};
