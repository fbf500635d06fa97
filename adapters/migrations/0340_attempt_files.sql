-- Files that learners hand in with an answer (decisions/0326): bytes by the SHA-256 of what was sent, for each attempt.
--
-- They are sealed with the key of the learner, so that an erasure reaches them; without keys on the campus they are as sent.

CREATE TABLE attempt_files (
    stream_id text NOT NULL,
    sha256 text NOT NULL,
    size bigint NOT NULL,
    is_sealed boolean NOT NULL,
    content bytea NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (stream_id, sha256)
);
ALTER TABLE attempt_files ALTER COLUMN content SET STORAGE EXTERNAL;

GRANT SELECT, INSERT ON attempt_files TO {app};
