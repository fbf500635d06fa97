"""Which runs go on, what their units count, and who of some people signs in and was notified of something."""

from adapters.postgres.queries.old_columns import with_columns

_WEIGHTS = with_columns(
    "SELECT run_id, scheme, own_due, later FROM course_weights", "weights", own_due="NULL::jsonb", later="'{}'::jsonb"
)
RUNS = f"""
SELECT run_id, scheme::text, own_due::text, later::text FROM {_WEIGHTS} JOIN catalog_runs AS run USING (run_id)
 WHERE run.status = 'open' AND run.starts_at <= %(now)s AND (run.ends_at IS NULL OR run.ends_at > %(now)s)
"""
KNOWN = """
SELECT learner_id, notification_id FROM notifications
 WHERE (learner_id, notification_id) IN (SELECT * FROM unnest(%(learners)s::text[], %(ids)s::text[]))
"""
IN_USE = "SELECT learner_id FROM accounts WHERE status = 'active' AND learner_id = ANY(%(learners)s)"
