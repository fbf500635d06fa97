-- The log: one table of facts that nobody can change, and one function that appends to it.
--
-- {schema} is the campus, {app} the role of the API and the workers: see adapters/postgres/migrate.py.

CREATE TABLE log_head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    position bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 10);  -- one row, updated for every batch: room for HOT updates
INSERT INTO log_head DEFAULT VALUES;

CREATE TABLE events (
    position bigint PRIMARY KEY,
    stream_id text COLLATE "C" NOT NULL,
    stream_version integer NOT NULL CHECK (stream_version > 0),
    type text COLLATE "C" NOT NULL,
    schema_version smallint NOT NULL,
    partition smallint NOT NULL CHECK (partition BETWEEN 0 AND 63),
    data bytea NOT NULL,
    meta bytea NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    UNIQUE (stream_id, stream_version)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05);
ALTER TABLE events ALTER COLUMN data SET STORAGE EXTERNAL, ALTER COLUMN meta SET STORAGE EXTERNAL;

COMMENT ON TABLE events IS 'Every fact, once, in the order in which it was committed. Append-only.';
COMMENT ON COLUMN events.data IS 'The fact''s own fields: exact UTF-8 bytes of a JSON object.';
COMMENT ON COLUMN events.meta IS 'event_id, actor, on_behalf_of, causation_id, correlation_id, source, as JSON.';

CREATE TABLE idempotency (
    key text COLLATE "C" PRIMARY KEY,
    fingerprint text NOT NULL,
    position bigint NOT NULL,
    recorded_at timestamptz NOT NULL
);
COMMENT ON TABLE idempotency IS 'The first answer to each request that carried an idempotency key.';

CREATE TABLE snapshots (
    stream_id text COLLATE "C" PRIMARY KEY,
    stream_version integer NOT NULL,
    position bigint NOT NULL,
    state_version smallint NOT NULL,
    state bytea NOT NULL
);
COMMENT ON TABLE snapshots IS 'The state of long streams at some version; never the truth, may be deleted at any time.';

-- The log for SQL and other languages: payloads as jsonb, NULL where the bytes are not JSON.
CREATE FUNCTION json_or_null(payload bytea) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN convert_from(payload, 'UTF8')::jsonb;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END $$;
CREATE VIEW event_log AS
    SELECT position, stream_id, stream_version, type, schema_version, partition,
           json_or_null(data) AS data, json_or_null(meta) AS meta, occurred_at, recorded_at
    FROM events;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE events ENABLE ALWAYS TRIGGER events_append_only;

-- Append a batch. Every append is one unit: all its events or none, and no append harms another.
--
-- The events stand in the parallel arrays in the order of their appends; event_counts says how many belong to
-- each. Within an append, the events of one stream stand together in ascending version. An append may be empty
-- and only claim its key, with the answer in empty_answers.
--
-- A guard names a stream that the decision looked at without changing it, and the version at which it was seen;
-- guard_appends says to which append it belongs (1, 2, 3, …). If the stream has moved on, the append is a conflict.
--
-- Answers one row for each append, in order:
--   appended  first and last position
--   repeated  same key, same fingerprint: the position of the first answer
--   reused    the key belongs to another request
--   conflict  stream_id is at actual_version, not where the append expects it
--
-- log_head is locked first, so position order is commit order, and a refused append burns no position.
CREATE FUNCTION append_events(
    event_counts integer[], keys text[], fingerprints text[], empty_answers bigint[],
    stream_ids text[], stream_versions integer[], types text[], schema_versions smallint[],
    partitions smallint[], datas bytea[], metas bytea[], occurred_ats timestamptz[],
    guard_appends integer[] DEFAULT '{}', guard_streams text[] DEFAULT '{}', guard_versions integer[] DEFAULT '{}'
) RETURNS TABLE (outcome text, first_position bigint, last_position bigint, conflict_stream text, actual_version integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE
    head bigint;
    at timestamptz;
    has_keys boolean := EXISTS (SELECT FROM unnest(keys) AS k WHERE k IS NOT NULL);
    contended boolean;
    event_offset integer := 0;
    answers bigint[] := '{}';
    n integer;
    first_answer record;
BEGIN
    SELECT position INTO head FROM log_head FOR UPDATE;
    at := clock_timestamp();

    -- The common case: no stream and no key twice, nobody was faster. Set-based statements check and insert it all.
    SELECT count(*) > count(DISTINCT e.stream_id)
           OR bool_or(e.version <> coalesce(
                  (SELECT max(stored.stream_version) FROM events stored WHERE stored.stream_id = e.stream_id), 0) + 1)
      INTO contended
      FROM unnest(stream_ids, stream_versions) WITH ORDINALITY AS e(stream_id, version, ordinal)
     WHERE ordinal = 1 OR e.stream_id <> stream_ids[ordinal - 1] OR e.version <> stream_versions[ordinal - 1] + 1;
    IF NOT coalesce(contended, false) AND cardinality(guard_streams) > 0 THEN
        SELECT bool_or(g.stream_id = ANY(stream_ids)
               OR g.version <> coalesce(
                  (SELECT max(stored.stream_version) FROM events stored WHERE stored.stream_id = g.stream_id), 0))
          INTO contended
          FROM unnest(guard_streams, guard_versions) AS g(stream_id, version);
    END IF;
    IF NOT coalesce(contended, false) AND has_keys THEN
        SELECT count(*) > count(DISTINCT k) OR bool_or(EXISTS (SELECT FROM idempotency claimed WHERE claimed.key = k))
          INTO contended
          FROM unnest(keys) AS k
         WHERE k IS NOT NULL;
    END IF;
    IF NOT coalesce(contended, false) THEN
        INSERT INTO events
        SELECT head + e.ordinal, e.stream_id, e.version, e.type, e.schema_version, e.partition, e.data, e.meta, e.occurred_at, at
          FROM unnest(stream_ids, stream_versions, types, schema_versions, partitions, datas, metas, occurred_ats)
               WITH ORDINALITY AS e(stream_id, version, type, schema_version, partition, data, meta, occurred_at, ordinal);
        UPDATE log_head SET position = head + cardinality(stream_ids);
        FOR i IN 1 .. cardinality(event_counts) LOOP
            n := event_counts[i];
            answers[i] := CASE WHEN n = 0 THEN empty_answers[i] ELSE head + event_offset + n END;
            RETURN QUERY SELECT 'appended', head + event_offset + 1, answers[i], NULL::text, NULL::integer;
            event_offset := event_offset + n;
        END LOOP;
        IF has_keys THEN
            INSERT INTO idempotency
            SELECT claimed.key, claimed.fingerprint, claimed.answer, at
              FROM unnest(keys, fingerprints, answers) AS claimed(key, fingerprint, answer)
             WHERE claimed.key IS NOT NULL;
        END IF;
        RETURN;
    END IF;

    -- Otherwise one append after the other, each seeing what those before it did.
    FOR i IN 1 .. cardinality(event_counts) LOOP
        n := event_counts[i];
        IF keys[i] IS NOT NULL THEN
            SELECT claimed.fingerprint, claimed.position INTO first_answer FROM idempotency claimed WHERE claimed.key = keys[i];
            IF FOUND THEN
                RETURN QUERY SELECT CASE WHEN first_answer.fingerprint = fingerprints[i] THEN 'repeated' ELSE 'reused' END,
                    first_answer.position, first_answer.position, NULL::text, NULL::integer;
                event_offset := event_offset + n;
                CONTINUE;
            END IF;
        END IF;
        SELECT e.stream_id, stored.version INTO conflict_stream, actual_version
          FROM generate_series(event_offset + 1, event_offset + n) AS slot
         CROSS JOIN LATERAL (SELECT stream_ids[slot] AS stream_id, stream_versions[slot] AS version) AS e
         CROSS JOIN LATERAL (SELECT coalesce(max(known.stream_version), 0) AS version FROM events known
                              WHERE known.stream_id = e.stream_id) AS stored
         WHERE (slot = event_offset + 1 OR stream_ids[slot - 1] <> e.stream_id OR stream_versions[slot - 1] + 1 <> e.version)
           AND e.version <> stored.version + 1
         UNION ALL
        SELECT g.stream_id, stored.version
          FROM unnest(guard_appends, guard_streams, guard_versions) AS g(append, stream_id, version)
         CROSS JOIN LATERAL (SELECT coalesce(max(known.stream_version), 0) AS version FROM events known
                              WHERE known.stream_id = g.stream_id) AS stored
         WHERE g.append = i AND g.version <> stored.version
         LIMIT 1;
        IF FOUND THEN
            RETURN QUERY SELECT 'conflict', NULL::bigint, NULL::bigint, conflict_stream, actual_version;
            event_offset := event_offset + n;
            CONTINUE;
        END IF;
        INSERT INTO events
        SELECT head + slot - event_offset, stream_ids[slot], stream_versions[slot], types[slot], schema_versions[slot],
               partitions[slot], datas[slot], metas[slot], occurred_ats[slot], at
          FROM generate_series(event_offset + 1, event_offset + n) AS slot;
        IF keys[i] IS NOT NULL THEN
            INSERT INTO idempotency VALUES (keys[i], fingerprints[i], CASE WHEN n = 0 THEN empty_answers[i] ELSE head + n END, at);
        END IF;
        RETURN QUERY SELECT 'appended', head + 1, CASE WHEN n = 0 THEN empty_answers[i] ELSE head + n END, NULL::text, NULL::integer;
        head := head + n;
        event_offset := event_offset + n;
    END LOOP;
    UPDATE log_head SET position = head WHERE position <> head;
END $$;

REVOKE ALL ON FUNCTION append_events FROM PUBLIC;
GRANT EXECUTE ON FUNCTION append_events TO {app};
GRANT SELECT ON events, event_log, log_head, idempotency TO {app};
GRANT SELECT, INSERT, UPDATE, DELETE ON snapshots TO {app};
