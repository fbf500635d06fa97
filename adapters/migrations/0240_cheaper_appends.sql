-- append_events() as in 0190_conditional_appends.sql, for less: a batch of four appends without conditions cost 1.3 times what
-- it had cost before there were conditions (docs/decisions/0140).
--
-- A statement in PL/pgSQL costs mostly its beginning and its end, so the common case has fewer of them: one UPDATE locks the
-- head of the log and moves it, keys and conditions are asked for by an IF without subqueries, the answers are made in a
-- loop, and the events leave their arrays without a table in between.

CREATE OR REPLACE FUNCTION append_events(
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
    has_keys boolean := cardinality(array_remove(keys, NULL)) > 0;
    contended boolean;
    event_offset integer := 0;
    answers bigint[] := '{}';
    n integer;
    first_answer record;
    overtake record;
    overtaken_by bigint[] := '{}';   -- for each append, the first fact of the log that matches a condition
    rival_appends text[] := '{}';    -- for each append, the appends before it in the batch that have a fact that matches …
    rival_events text[] := '{}';     -- … and the number of that fact in the batch
    shifts bigint[] := '{}';         -- of each append, position less number; NULL: not appended
BEGIN
    -- Locks the head of the log, and moves it as if nothing were refused.
    UPDATE log_head SET position = position + cardinality(stream_ids) RETURNING position - cardinality(stream_ids) INTO head;
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
    IF conditions IS NOT NULL THEN  -- asked alone: an IF with a subquery costs the same whether the subquery runs or not
        IF NOT apart OR wanted_ids IS NULL OR latest > head OR cardinality(new_tags) > 0 OR EXISTS (
               SELECT FROM events e
                WHERE e.position > earliest AND e.position <= head
                  AND (e.type = ANY(other_types)
                       OR (wanted_types IS NULL OR e.type = ANY(wanted_types))
                          AND (split_part(substr(e.stream_id, strpos(e.stream_id, '-') + 1), ':', 1) IN (SELECT unnest(wanted_ids))
                               OR split_part(e.stream_id, ':', 2) IN (SELECT unnest(wanted_ids)))))
           OR EXISTS (SELECT FROM event_tags t WHERE t.position > earliest) THEN
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
    END IF;
    IF NOT coalesce(contended, false) THEN
        INSERT INTO events
        SELECT generate_series(head + 1, head + cardinality(stream_ids)), unnest(stream_ids), unnest(stream_versions), unnest(types),
               unnest(schema_versions), unnest(partitions), unnest(datas), unnest(metas), unnest(occurred_ats), at;
        IF cardinality(new_tags) > 0 THEN
            INSERT INTO event_tags SELECT t.tag, head + t.event FROM unnest(new_tags, tag_events) AS t(tag, event);
        END IF;
        outcome := 'appended';
        FOR i IN 1 .. cardinality(event_counts) LOOP
            n := event_counts[i];
            first_position := head + 1;
            head := head + n;
            last_position := CASE WHEN n = 0 THEN empty_answers[i] ELSE head END;
            RETURN NEXT;
            IF has_keys THEN
                answers[i] := last_position;
            END IF;
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
