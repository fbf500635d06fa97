-- Appends with conditions, and the tags that no stream's id says: docs/decisions/0090.
--
-- A condition: no fact after a position matches a query. A query has items; a fact matches an item if its type is one of
-- the item's and it has all of the item's tags. The tags of the campus's own facts are stored nowhere: they follow from
-- the ids of their streams and from fields of their data. `event_tags` has those of the `eventsourcing` library's events.

CREATE TABLE event_tags (
    tag text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (tag, position)
);
CREATE INDEX event_tags_position ON event_tags (position);
COMMENT ON TABLE event_tags IS 'Tags that do not follow from a fact''s stream and data.';
GRANT SELECT ON event_tags TO {app};

-- Which facts overtake which appends. Looks at the facts of the log above `low` up to `high`, and at those of the batch
-- itself: they have the numbers of their appends in event_appends, and overtake only appends that come after their own.
--
-- conditions: {"forms": [{"types": […] or null, "tags": number, "places": [[tag, kind, prefix, field], …]}, …],
--              "items": [[append, after, form, [value, …]], …]}
-- An item of a query belongs to an append (1, 2, 3, …), has the position after which nothing may match, and what follows the
-- kind in each of its tags. Items of one form (1, 2, 3, …) have the same types and the same kinds of tags, which may be
-- found in the same places:
--   stream  a stream's id up to the first `:` is prefix and value
--   second  the second id of a stream whose id begins with the prefix (`enrollment-`) is the value
--   data    a field of the facts of a stream whose id begins with the prefix is the value
--   stored  event_tags has prefix and value
CREATE FUNCTION overtaking(
    conditions jsonb, low bigint, high bigint,
    event_appends integer[], stream_ids text[], types text[], datas bytea[], tag_events integer[], new_tags text[]
) RETURNS TABLE (append integer, by_position bigint, by_append integer)
LANGUAGE plpgsql STABLE SET search_path = {schema}, pg_temp SET enable_nestloop = off AS $$
BEGIN
    RETURN QUERY
    WITH form AS MATERIALIZED (
        SELECT f.number, (f.form ->> 'tags')::integer AS tags, f.form -> 'places' AS places,
               CASE WHEN f.form -> 'types' <> 'null' THEN
                   ARRAY(SELECT jsonb_array_elements_text(f.form -> 'types')) END AS types
          FROM jsonb_array_elements(conditions -> 'forms') WITH ORDINALITY AS f(form, number)
    ), item AS MATERIALIZED (
        SELECT i.number, (i.item ->> 0)::integer AS append, (i.item ->> 1)::bigint AS after, i.item -> 3 AS wanted,
               f.types, f.tags, f.places
          FROM jsonb_array_elements(conditions -> 'items') WITH ORDINALITY AS i(item, number)
          JOIN form f ON f.number = (i.item ->> 2)::bigint
    ), place AS MATERIALIZED (
        SELECT i.*, p.place ->> 0 AS tag, p.place ->> 1 AS kind, p.place ->> 2 AS prefix, p.place ->> 3 AS field,
               i.wanted ->> (p.place ->> 0)::integer AS value, (p.place ->> 2) || (i.wanted ->> (p.place ->> 0)::integer) AS id
          FROM item i CROSS JOIN LATERAL jsonb_array_elements(i.places) AS p(place)
    ), recent AS MATERIALIZED (
        SELECT e.position, 0 AS append, e.type, e.stream_id, e.data
          FROM events e WHERE e.position > low AND e.position <= high
        UNION ALL
        SELECT high + e.number, e.append, e.type, e.stream_id, e.data
          FROM unnest(event_appends, types, stream_ids, datas) WITH ORDINALITY AS e(append, type, stream_id, data, number)
    ), hit AS (
        SELECT p.number, p.tag, r.position, p.append, r.append AS by_append
          FROM place p JOIN recent r ON split_part(r.stream_id, ':', 1) = p.id
         WHERE p.kind = 'stream' AND r.append < p.append AND r.position > p.after AND (p.types IS NULL OR r.type = ANY(p.types))
        UNION ALL
        SELECT p.number, p.tag, r.position, p.append, r.append
          FROM place p JOIN recent r ON split_part(r.stream_id, ':', 2) = p.value AND starts_with(r.stream_id, p.prefix)
         WHERE p.kind = 'second' AND r.append < p.append AND r.position > p.after AND (p.types IS NULL OR r.type = ANY(p.types))
        UNION ALL
        SELECT p.number, p.tag, r.position, p.append, r.append
          FROM place p JOIN recent r ON starts_with(r.stream_id, p.prefix) AND json_or_null(r.data) ->> p.field = p.value
         WHERE p.kind = 'data' AND r.append < p.append AND r.position > p.after AND (p.types IS NULL OR r.type = ANY(p.types))
        UNION ALL
        SELECT t.number, t.tag, r.position, t.append, r.append
          FROM (SELECT p.*, known.position
                  FROM place p CROSS JOIN LATERAL (
                       SELECT stored.position FROM event_tags stored
                        WHERE stored.tag = p.id AND stored.position > p.after AND stored.position <= high OFFSET 0) AS known
                 WHERE p.kind = 'stored'
                UNION ALL
                SELECT p.*, high + new.event
                  FROM place p JOIN unnest(tag_events, new_tags) AS new(event, tag) ON new.tag = p.id
                 WHERE p.kind = 'stored') AS t JOIN recent r USING (position)
         WHERE r.append < t.append AND (t.types IS NULL OR r.type = ANY(t.types))
    ), whole AS (
        SELECT h.number, h.position, h.append, h.by_append, count(DISTINCT h.tag) AS tags
          FROM hit h GROUP BY h.number, h.position, h.append, h.by_append
    )
    SELECT w.append, w.position, w.by_append FROM whole w JOIN item i ON i.number = w.number AND i.tags = w.tags
    UNION ALL
    SELECT i.append, high, 0 FROM item i WHERE i.after > high  -- decided on facts that this log does not have
    UNION ALL
    SELECT i.append, r.position, r.append
      FROM item i CROSS JOIN recent r
     WHERE i.tags = 0 AND r.append < i.append AND r.position > i.after AND (i.types IS NULL OR r.type = ANY(i.types));
END $$;

-- As in 0001_log.sql, with the conditions of appends (above), and with the tags of events: tag_events has the number of an
-- event in the batch (1, 2, 3, …) for each of new_tags. One more answer:
--   overtaken  position, stream and version of the first fact that matches a condition of the append
-- and the answers of the common case are one set.
--
-- Who calls may make conditions cheap. earliest, latest: every `after` is one of them or between. wanted_ids, wanted_types: in a stream of
-- the campus, only a fact of these types (NULL: all) with one of these ids as the first or second of its stream can match,
-- or one of other_types. apart: no fact of the batch can match a condition of an append after its own.
DROP FUNCTION append_events;
CREATE FUNCTION append_events(
    event_counts integer[], keys text[], fingerprints text[], empty_answers bigint[],
    stream_ids text[], stream_versions integer[], types text[], schema_versions smallint[],
    partitions smallint[], datas bytea[], metas bytea[], occurred_ats timestamptz[],
    guard_appends integer[] DEFAULT '{}', guard_streams text[] DEFAULT '{}', guard_versions integer[] DEFAULT '{}',
    conditions text DEFAULT NULL, earliest bigint DEFAULT 0, latest bigint DEFAULT 0, wanted_ids text[] DEFAULT NULL,
    wanted_types text[] DEFAULT NULL, other_types text[] DEFAULT '{}', apart boolean DEFAULT false,
    tag_events integer[] DEFAULT '{}', new_tags text[] DEFAULT '{}'
) RETURNS TABLE (outcome text, first_position bigint, last_position bigint, conflict_stream text, actual_version integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE
    head bigint;
    at timestamptz;
    has_keys boolean := EXISTS (SELECT FROM unnest(keys) AS k WHERE k IS NOT NULL);
    contended boolean;
    event_offset integer := 0;
    n integer;
    first_answer record;
    overtake record;
    overtaken_by bigint[] := '{}';   -- for each append, the first fact of the log that matches a condition
    rival_appends text[] := '{}';    -- for each append, the appends before it in the batch that have a fact that matches …
    rival_events text[] := '{}';     -- … and the number of that fact in the batch
    shifts bigint[] := array_fill(NULL::bigint, ARRAY[cardinality(event_counts)]);  -- position less number; NULL: not appended
BEGIN
    SELECT position INTO head FROM log_head FOR UPDATE;
    at := clock_timestamp();

    -- The common case: no stream and no key twice, no other writer was faster. Set-based statements check and insert it all.
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
    IF conditions IS NOT NULL AND (NOT apart OR wanted_ids IS NULL OR latest > head OR cardinality(new_tags) > 0 OR EXISTS (
           SELECT FROM events e
            WHERE e.position > earliest AND e.position <= head
              AND (e.type = ANY(other_types)
                   OR (wanted_types IS NULL OR e.type = ANY(wanted_types))
                      AND (split_part(substr(e.stream_id, strpos(e.stream_id, '-') + 1), ':', 1) IN (SELECT unnest(wanted_ids))
                           OR split_part(e.stream_id, ':', 2) IN (SELECT unnest(wanted_ids)))))
       OR EXISTS (SELECT FROM event_tags t WHERE t.position > earliest)) THEN
        FOR overtake IN
            SELECT o.append, min(o.by_position) FILTER (WHERE o.by_append = 0) AS position,
                   array_agg(o.by_append) FILTER (WHERE o.by_append > 0) AS appends,
                   array_agg(o.by_position - head) FILTER (WHERE o.by_append > 0) AS events
              FROM overtaking(
                   conditions::jsonb, earliest, head,
                   (SELECT array_agg(c.number::integer ORDER BY c.number)
                      FROM unnest(event_counts) WITH ORDINALITY AS c(n, number) CROSS JOIN generate_series(1, c.n)),
                   stream_ids, types, datas, tag_events, new_tags) AS o
             GROUP BY o.append
        LOOP
            contended := true;
            overtaken_by[overtake.append] := overtake.position;
            rival_appends[overtake.append] := overtake.appends;
            rival_events[overtake.append] := overtake.events;
        END LOOP;
    END IF;
    IF NOT coalesce(contended, false) THEN
        INSERT INTO events
        SELECT head + e.ordinal, e.stream_id, e.version, e.type, e.schema_version, e.partition, e.data, e.meta, e.occurred_at, at
          FROM unnest(stream_ids, stream_versions, types, schema_versions, partitions, datas, metas, occurred_ats)
               WITH ORDINALITY AS e(stream_id, version, type, schema_version, partition, data, meta, occurred_at, ordinal);
        UPDATE log_head SET position = head + cardinality(stream_ids);
        IF cardinality(new_tags) > 0 THEN
            INSERT INTO event_tags SELECT t.tag, head + t.event FROM unnest(new_tags, tag_events) AS t(tag, event);
        END IF;
        IF has_keys THEN
            INSERT INTO idempotency
            SELECT a.key, a.fingerprint, CASE WHEN a.n = 0 THEN a.empty_answer ELSE head + a.until END, at
              FROM (SELECT c.*, sum(c.n) OVER (ORDER BY c.number) AS until
                      FROM unnest(event_counts, empty_answers, keys, fingerprints)
                           WITH ORDINALITY AS c(n, empty_answer, key, fingerprint, number)) AS a
             WHERE a.key IS NOT NULL;
        END IF;
        RETURN QUERY
        SELECT 'appended', head + a.until - a.n + 1, CASE WHEN a.n = 0 THEN a.empty_answer ELSE head + a.until END,
               NULL::text, NULL::integer
          FROM (SELECT c.*, sum(c.n) OVER (ORDER BY c.number) AS until
                  FROM unnest(event_counts, empty_answers) WITH ORDINALITY AS c(n, empty_answer, number)) AS a
         ORDER BY a.number;
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
        IF conditions IS NOT NULL THEN
            first_position := overtaken_by[i];
            IF first_position IS NULL AND rival_appends[i] IS NOT NULL THEN
                SELECT min(shifts[rival.append] + rival.event) INTO first_position
                  FROM unnest(rival_appends[i]::integer[], rival_events[i]::bigint[]) AS rival(append, event)
                 WHERE shifts[rival.append] IS NOT NULL;
            END IF;
            IF first_position IS NOT NULL THEN
                RETURN QUERY SELECT 'overtaken', first_position, first_position, e.stream_id, e.stream_version
                               FROM (VALUES (first_position)) AS by(position) LEFT JOIN events e USING (position);
                event_offset := event_offset + n;
                CONTINUE;
            END IF;
        END IF;
        INSERT INTO events
        SELECT head + slot - event_offset, stream_ids[slot], stream_versions[slot], types[slot], schema_versions[slot],
               partitions[slot], datas[slot], metas[slot], occurred_ats[slot], at
          FROM generate_series(event_offset + 1, event_offset + n) AS slot;
        IF cardinality(new_tags) > 0 THEN
            INSERT INTO event_tags
            SELECT t.tag, head + t.event - event_offset FROM unnest(new_tags, tag_events) AS t(tag, event)
             WHERE t.event > event_offset AND t.event <= event_offset + n;
        END IF;
        IF keys[i] IS NOT NULL THEN
            INSERT INTO idempotency VALUES (keys[i], fingerprints[i], CASE WHEN n = 0 THEN empty_answers[i] ELSE head + n END, at);
        END IF;
        RETURN QUERY SELECT 'appended', head + 1, CASE WHEN n = 0 THEN empty_answers[i] ELSE head + n END, NULL::text, NULL::integer;
        shifts[i] := head - event_offset;
        head := head + n;
        event_offset := event_offset + n;
    END LOOP;
    UPDATE log_head SET position = head WHERE position <> head;
END $$;

REVOKE ALL ON FUNCTION append_events FROM PUBLIC;
REVOKE ALL ON FUNCTION overtaking FROM PUBLIC;
GRANT EXECUTE ON FUNCTION append_events TO {app};
