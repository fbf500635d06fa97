-- Read models as they were: rows at a position, for answers as of a moment whose rows are those of many keys.
--
-- Never the truth: folded from the log (workers/as_of), which can be done again. All of it may be deleted at any time, and
-- a crash of the server empties the four tables together, as they are not logged.

CREATE UNLOGGED TABLE snapshots_of_read_models (
    snapshot_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    projection text NOT NULL,
    code text NOT NULL,
    position bigint NOT NULL,
    anchor bytea NOT NULL,
    valid_at timestamptz,
    latest timestamptz NOT NULL,
    waiting jsonb NOT NULL,
    is_regular boolean NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    used_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE NULLS NOT DISTINCT (projection, code, position, anchor, valid_at)
);
COMMENT ON COLUMN snapshots_of_read_models.code IS 'The digest of the code that has folded the rows.';
COMMENT ON COLUMN snapshots_of_read_models.anchor IS 'SHA-256 of the fact at the position: another life of the log has another one.';
COMMENT ON COLUMN snapshots_of_read_models.valid_at IS 'Facts that happened later are left out; NULL for none.';
COMMENT ON COLUMN snapshots_of_read_models.latest IS 'When the latest of the facts up to the position happened.';
COMMENT ON COLUMN snapshots_of_read_models.waiting IS 'Keys that wait since a fact has failed: segment, key, position.';
COMMENT ON COLUMN snapshots_of_read_models.is_regular IS 'Taken every so many facts or each night, to fold from.';

CREATE UNLOGGED TABLE snapshot_chunks (
    digest bytea PRIMARY KEY,
    rows bytea NOT NULL
);
ALTER TABLE snapshot_chunks ALTER COLUMN rows SET STORAGE EXTERNAL;  -- they are compressed
COMMENT ON TABLE snapshot_chunks IS 'Rows by the BLAKE2b of their text, each text once, however many snapshots have it.';

CREATE UNLOGGED TABLE snapshot_parts (
    snapshot_id bigint NOT NULL REFERENCES snapshots_of_read_models ON DELETE CASCADE,
    table_name text NOT NULL,
    segment smallint NOT NULL,
    bucket smallint NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (snapshot_id, table_name, segment, bucket)
);
COMMENT ON COLUMN snapshot_parts.bucket IS 'CRC-32 of the first value of the key, modulo 16.';
CREATE INDEX ON snapshot_parts (digest);

CREATE UNLOGGED TABLE folds_as_of (
    fold_id text PRIMARY KEY,
    projections text[] NOT NULL,
    position bigint NOT NULL,
    valid_at timestamptz,
    status text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'folding', 'done', 'failed')),
    done bigint NOT NULL DEFAULT 0,
    total bigint NOT NULL DEFAULT 0,
    error text,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz
);
COMMENT ON COLUMN folds_as_of.fold_id IS 'Digest of the read models, their code and the moment: who asks for the same waits for the same.';
COMMENT ON COLUMN folds_as_of.total IS 'Facts to pass; 0 as long as that is not known.';

GRANT SELECT, INSERT, UPDATE, DELETE ON snapshots_of_read_models, snapshot_chunks, snapshot_parts, folds_as_of TO {app};
