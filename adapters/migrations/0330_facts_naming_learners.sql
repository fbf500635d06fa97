-- A place on a queue that was given back names a learner, too (seats.moved_back), and so does the id of a credential. PostgreSQL
-- uses an index of some types only for a query of no others: without this one a page of a history read the whole log.
-- domain/registry.py: MENTIONING has the same types.

CREATE INDEX events_naming_learners ON events (learner_named(data), position)
 WHERE type IN (
    'coupon.redeemed', 'coupon.released', 'coupon.reserved', 'issued_credential.registered',
    'provider.event_received', 'receipts.issued', 'seats.moved_back', 'seats.queue_left', 'seats.queued', 'seats.released',
    'seats.taken');
DROP INDEX events_naming_learner;
