-- Content of courses outside of the log (decisions/0276): bytes by their SHA-256; the facts have the hash.
--
-- Content never changes and may be put again at any time. A row without a hash is an upload that goes on, or broke off.

CREATE TABLE contents (
    content_id text PRIMARY KEY,
    sha256 text UNIQUE,
    size bigint NOT NULL DEFAULT 0,
    begun_at timestamptz NOT NULL DEFAULT now(),
    kept_at timestamptz
);
CREATE INDEX contents_broken_off ON contents (begun_at) WHERE sha256 IS NULL;

CREATE TABLE content_chunks (
    content_id text NOT NULL REFERENCES contents ON DELETE CASCADE,
    number integer NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (content_id, number)
);
ALTER TABLE content_chunks ALTER COLUMN bytes SET STORAGE EXTERNAL;
COMMENT ON TABLE content_chunks IS 'Each but the last of one content has the same size (adapters/contents.py: CHUNK); videos and files are compressed already.';

GRANT SELECT, INSERT, UPDATE, DELETE ON contents, content_chunks TO {app};
