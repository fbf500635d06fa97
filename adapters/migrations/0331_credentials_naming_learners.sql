-- A credential names its learner, too (credential.registered); see 0330. domain/registry.py: MENTIONING has the same types.

CREATE INDEX events_naming_learner ON events (learner_named(data), position)
 WHERE type IN (
    'coupon.redeemed', 'coupon.released', 'coupon.reserved', 'credential.registered', 'provider.event_received',
    'receipts.issued', 'seats.moved_back', 'seats.queue_left', 'seats.queued', 'seats.released', 'seats.taken');
DROP INDEX events_naming_learners;
