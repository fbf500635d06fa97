-- The learner of an order that is known by its id alone: the staff look at, cancel and refund orders of all learners.

CREATE INDEX events_placed_order ON events (split_part(stream_id, ':', 2)) WHERE type = 'order.placed';
