-- What the readers of the log keep beside their rows: generations with their checkpoints, parked keys, heartbeats.
--
-- {read_schema} holds the rows. Its tables are made by the projector, one set for each generation of a read model, and
-- are the property of {app}: they can be dropped at any time and come back from the log.

CREATE SCHEMA IF NOT EXISTS {read_schema};
GRANT USAGE, CREATE ON SCHEMA {read_schema} TO {app};

CREATE TABLE projections (
    name text COLLATE "C" NOT NULL,
    generation integer NOT NULL CHECK (generation > 0),
    version integer NOT NULL,
    position bigint NOT NULL DEFAULT 0 CHECK (position >= 0),
    status text NOT NULL CHECK (status IN ('building', 'live')),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (name, generation)
) WITH (fillfactor = 20);  -- few rows, updated for every batch: room for HOT updates
CREATE UNIQUE INDEX projections_one_live ON projections (name) WHERE status = 'live';
COMMENT ON COLUMN projections.position IS
    'Checkpoint of a read model in Postgres; for one in Valkey a copy, at most some seconds old.';

CREATE TABLE parked (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    projection text COLLATE "C" NOT NULL,
    generation integer NOT NULL,
    key text COLLATE "C" NOT NULL,
    first_position bigint NOT NULL,
    type text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    error text NOT NULL,
    trace text NOT NULL,
    attempts integer NOT NULL DEFAULT 1,
    requested boolean NOT NULL DEFAULT false,
    parked_at timestamptz NOT NULL DEFAULT now(),
    tried_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (projection, generation, key)
);
COMMENT ON COLUMN parked.requested IS 'Set by `campus projections retry`, for the projector to try it again.';
COMMENT ON TABLE parked IS
    'Keys (a learner, a stream) whose facts from first_position on wait because a read model failed at that one.';

CREATE TABLE workers (
    name text COLLATE "C" NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    active boolean NOT NULL,
    position bigint NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    heartbeat_at timestamptz NOT NULL DEFAULT now(),
    metrics text NOT NULL DEFAULT '',
    PRIMARY KEY (name, host, pid)
) WITH (fillfactor = 20);
COMMENT ON COLUMN workers.active IS 'Whether this process does the work; false for one that stands by.';
COMMENT ON COLUMN workers.metrics IS 'Prometheus text of the process, shown by the API under /metrics.';

GRANT SELECT, INSERT, UPDATE, DELETE ON projections, parked, workers TO {app};
