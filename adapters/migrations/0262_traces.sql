-- What followed from a request or from a fact: `campus log trace`, GET /v1/facts/POSITION/trace.
--
-- A fact is found by the id of the request that led to it (correlation_id), or, if no request did, by the fact that
-- caused it. The facts of an import have neither, and take no room. Nothing here fails, whatever bytes a meta has; and within a
-- JSON text there is no bare quote, so the name of a member is never found in a value.

CREATE FUNCTION trace_of(meta bytea) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
        WHEN position('"correlation_id":"'::bytea IN meta) > 0
        THEN split_part(encode(substr(meta, position('"correlation_id":"'::bytea IN meta) + 18, 128), 'escape'), '"', 1)
        WHEN position('"causation_id":"'::bytea IN meta) > 0
        THEN split_part(encode(substr(meta, position('"causation_id":"'::bytea IN meta) + 16, 128), 'escape'), '"', 1)
    END;
CREATE INDEX events_trace ON events (trace_of(meta), position) WHERE trace_of(meta) IS NOT NULL;
