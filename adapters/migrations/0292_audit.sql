-- What the staff have done, found by the one who did it, what it was, and its ticket (decisions/0257).
--
-- A fact that was recorded in a role says so in its meta. Facts that only the staff ever record belong to it as well, also
-- those from before roles were recorded. Nothing here fails, whatever bytes a meta has; within a JSON text there is no bare
-- quote, so the name of a member is never found in a value.

CREATE FUNCTION is_of_staff(type text, meta bytea) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN position('"role":"'::bytea IN meta) > 0 OR type = ANY (ARRAY[
        'break_glass.opened', 'checkpoint.dispute_resolved', 'import.begun', 'projection.promoted',
        'projection.rolled_back', 'record.viewed', 'record.viewed_often', 'role.granted', 'role.revoked']);
CREATE FUNCTION actor_of(meta bytea) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN split_part(encode(substr(meta, position('"actor":"'::bytea IN meta) + 9, 256), 'escape'), '"', 1);
CREATE FUNCTION ticket_of(meta bytea) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN position('"ticket":"'::bytea IN meta) > 0
        THEN split_part(encode(substr(meta, position('"ticket":"'::bytea IN meta) + 10, 64), 'escape'), '"', 1) END;

CREATE INDEX events_of_staff ON events (position) WHERE is_of_staff(type, meta);
CREATE INDEX events_of_staff_by_actor ON events (actor_of(meta), position) WHERE is_of_staff(type, meta);
CREATE INDEX events_of_staff_by_type ON events (type, position) WHERE is_of_staff(type, meta);
CREATE INDEX events_by_ticket ON events (ticket_of(meta), position) WHERE ticket_of(meta) IS NOT NULL;

ALTER TABLE refused_commands ADD COLUMN role text, ADD COLUMN ticket text;
COMMENT ON COLUMN refused_commands.role IS 'In which role it was sent; null for a person''s own, and from before this was recorded.';
CREATE INDEX refused_commands_of_staff ON refused_commands (refused_at) WHERE role IS NOT NULL;
