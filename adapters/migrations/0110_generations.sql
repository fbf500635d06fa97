-- Generations of read models that are built beside the live one, and segments that processes own one by one.
--
-- The read models of before lie otherwise on disk. They are dropped, and come back from the log.

DROP SCHEMA {read_schema} CASCADE;
CREATE SCHEMA {read_schema};
GRANT USAGE, CREATE ON SCHEMA {read_schema} TO {app};
DROP TABLE projections, parked;

CREATE TABLE projections (
    name text COLLATE "C" NOT NULL,
    generation integer NOT NULL CHECK (generation > 0),
    version integer NOT NULL,
    code text NOT NULL,
    segments smallint NOT NULL CHECK (segments > 0),
    status text NOT NULL CHECK (status IN ('building', 'ready', 'live', 'retired')),
    step text,
    digest text,
    digest_position bigint,
    started_at timestamptz NOT NULL DEFAULT now(),
    ready_at timestamptz,
    live_at timestamptz,
    PRIMARY KEY (name, generation)
);
CREATE UNIQUE INDEX projections_one_live ON projections (name) WHERE status = 'live';
COMMENT ON COLUMN projections.version IS 'Of the code that folds it; a generation is only ever continued by code of its version.';
COMMENT ON COLUMN projections.code IS 'Digest of the source of that code.';
COMMENT ON COLUMN projections.step IS 'Of a generation that is being built: what is done at the moment.';
COMMENT ON COLUMN projections.status IS 'building, ready (complete, not served), live, retired (kept for a rollback).';

CREATE TABLE segments (
    projection text COLLATE "C" NOT NULL,
    generation integer NOT NULL,
    segment smallint NOT NULL,
    position bigint NOT NULL DEFAULT 0 CHECK (position >= 0),
    epoch bigint NOT NULL DEFAULT 0,
    owner text,
    applied bigint NOT NULL DEFAULT 0,
    ignored bigint NOT NULL DEFAULT 0,
    parked bigint NOT NULL DEFAULT 0,
    skipped bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (projection, generation, segment),
    FOREIGN KEY (projection, generation) REFERENCES projections (name, generation) ON DELETE CASCADE
) WITH (fillfactor = 10);  -- few rows, updated for every batch: room for HOT updates
COMMENT ON COLUMN segments.position IS
    'Checkpoint; for a read model in Valkey a copy, as are the counts, at most some seconds old.';
COMMENT ON COLUMN segments.epoch IS 'Raised by every new owner; whoever comes with an older one writes nothing.';
COMMENT ON COLUMN segments.applied IS
    'Of the facts of its partitions up to its position: folded. With ignored, parked and skipped, it adds up to all of them.';

-- Move the checkpoints of some segments of a generation, all of them or none, and count what has become of the facts.
CREATE FUNCTION move_segments(
    of_projection text, of_generation integer, before bigint, after bigint, which smallint[], epochs bigint[],
    applied_now bigint[], ignored_now bigint[], parked_now bigint[], skipped_now bigint[]
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    moved integer;
BEGIN
    UPDATE segments AS s
       SET position = after, applied = s.applied + a.applied, ignored = s.ignored + a.ignored,
           parked = s.parked + a.parked, skipped = s.skipped + a.skipped, updated_at = now()
      FROM unnest(which, epochs, applied_now, ignored_now, parked_now, skipped_now)
           AS a(segment, epoch, applied, ignored, parked, skipped)
     WHERE s.projection = of_projection AND s.generation = of_generation AND s.segment = a.segment
       AND s.epoch = a.epoch AND s.position = before;
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved <> cardinality(which) THEN
        RAISE EXCEPTION 'segments of % have moved on', of_projection USING ERRCODE = 'CL001';
    END IF;
    RETURN moved;
END $$;

-- Counts by name, each an object of numbers, added up: what readers see of the parts that segments have.
CREATE FUNCTION add_counts(one jsonb, other jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT coalesce(jsonb_object_agg(name, total), '{}')
      FROM (SELECT key AS name, sum(value::bigint) AS total
              FROM (SELECT * FROM jsonb_each_text(one) UNION ALL SELECT * FROM jsonb_each_text(other)) AS both_of_them
             GROUP BY key HAVING sum(value::bigint) <> 0) AS summed
$$;
CREATE AGGREGATE sum_counts (jsonb) (SFUNC = add_counts, STYPE = jsonb, INITCOND = '{}');

CREATE TABLE parked (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    projection text COLLATE "C" NOT NULL,
    generation integer NOT NULL,
    segment smallint NOT NULL,
    key text COLLATE "C" NOT NULL,
    first_position bigint NOT NULL,
    failed_position bigint NOT NULL,
    type text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    error text NOT NULL,
    trace text NOT NULL,
    attempts integer NOT NULL DEFAULT 1,
    requested boolean NOT NULL DEFAULT false,
    parked_at timestamptz NOT NULL DEFAULT now(),
    tried_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (projection, generation, segment, key),
    FOREIGN KEY (projection, generation) REFERENCES projections (name, generation) ON DELETE CASCADE
);
COMMENT ON COLUMN parked.requested IS 'Set by `campus projections parked retry` and `skip`, for the projector to try it again.';
COMMENT ON COLUMN parked.failed_position IS 'The fact at which the latest attempt failed; the one that can be skipped.';
COMMENT ON TABLE parked IS
    'Keys (a learner, a stream) whose facts from first_position on wait because a read model failed at that one.';

CREATE TABLE skipped (
    projection text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    position bigint NOT NULL,
    key text COLLATE "C" NOT NULL,
    reason text NOT NULL,
    skipped_by text NOT NULL,
    skipped_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (projection, version, position)
);
COMMENT ON TABLE skipped IS 'Facts that somebody has decided a read model shall do without, as long as its code has this version.';

CREATE TABLE repairs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    projection text COLLATE "C" NOT NULL,
    generation integer NOT NULL,
    key text COLLATE "C" NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    done_at timestamptz,
    outcome text,
    FOREIGN KEY (projection, generation) REFERENCES projections (name, generation) ON DELETE CASCADE
);
COMMENT ON TABLE repairs IS 'Learners whose rows are to be made anew from the log, and what came of it.';

CREATE TABLE rebuilds (
    projection text COLLATE "C" PRIMARY KEY,
    what text NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    since timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE rebuilds IS 'Who builds or switches generations of a read model, or did so last; an advisory lock says whether still.';

CREATE TABLE log_blocks (
    block integer NOT NULL,
    partition smallint NOT NULL,
    type text COLLATE "C" NOT NULL,
    events bigint NOT NULL,
    PRIMARY KEY (block, partition, type)
);
COMMENT ON TABLE log_blocks IS 'How many facts there are in each complete block of 262,144 positions; may be deleted at any time.';

GRANT SELECT, INSERT, UPDATE, DELETE ON projections, segments, parked, skipped, repairs, rebuilds, log_blocks TO {app};
