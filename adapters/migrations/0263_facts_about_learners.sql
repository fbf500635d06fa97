-- Facts that are not a learner's own and name one: they belong to the learner's history. The facts of a learner's own streams
-- are found by the index of streams. domain/registry.py: MENTIONING has the same types.

CREATE FUNCTION learner_named(payload bytea) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN convert_from(payload, 'UTF8')::jsonb ->> 'learner_id';
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END $$;
CREATE INDEX events_naming_learner ON events (learner_named(data), position)
 WHERE type IN (
    'coupon.redeemed', 'coupon.released', 'coupon.reserved', 'provider.event_received', 'receipts.issued',
    'seats.queue_left', 'seats.queued', 'seats.released', 'seats.taken');
