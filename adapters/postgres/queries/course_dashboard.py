"""The dashboard of a course run, summed up from the rows of projections/course_dashboard.py."""

from adapters.postgres.queries.reader import CHECKPOINT, Answer, Reader

# Everything about one run; NULL where the run has never been scheduled. Days are running totals, by status.
RUN = f"""
WITH mine AS (SELECT * FROM course_enrollments WHERE run_id = %(run)s),
totals AS (SELECT json_build_object(
        'enrollments', count(*) FILTER (WHERE status <> 'none'),
        'statuses', json_build_object(
            'requested', count(*) FILTER (WHERE status = 'requested'),
            'waitlisted', count(*) FILTER (WHERE status = 'waitlisted'),
            'offered', count(*) FILTER (WHERE status = 'offered'),
            'active', count(*) FILTER (WHERE status = 'active'),
            'withdrawn', count(*) FILTER (WHERE status = 'withdrawn'),
            'expired', count(*) FILTER (WHERE status = 'expired'),
            'completed', count(*) FILTER (WHERE status = 'completed')),
        'funnel', json_build_object(
            'requested', count(*) FILTER (WHERE status <> 'none'),
            'activated', count(*) FILTER (WHERE activated),
            'any_activity', count(*) FILTER (WHERE weeks <> '[]'),
            'first_submission', count(*) FILTER (WHERE submitted),
            'half_way', count(*) FILTER (WHERE percent >= 5000),
            'completed', count(*) FILTER (WHERE status = 'completed' OR outcome IN ('pass', 'distinction'))),
        'outcomes', json_build_object(
            'pass', count(*) FILTER (WHERE outcome = 'pass'),
            'distinction', count(*) FILTER (WHERE outcome = 'distinction'),
            'fail', count(*) FILTER (WHERE outcome = 'fail'),
            'withdrawn', count(*) FILTER (WHERE outcome = 'withdrawn'))) AS counts FROM mine),
grades AS (SELECT coalesce(json_agg(learners ORDER BY bucket), '[]') AS buckets FROM (
    SELECT bucket, count(grade_bp) AS learners
      FROM generate_series(0, 9) AS bucket LEFT JOIN mine ON least(grade_bp / 1000, 9) = bucket GROUP BY bucket) AS b),
days AS (SELECT coalesce(json_agg(json_build_object('day', day, 'requested', requested, 'waitlisted', waitlisted,
                'active', active, 'withdrawn', withdrawn, 'completed', completed) ORDER BY day), '[]') AS entries
    FROM (SELECT day, sum(requested) OVER past AS requested, sum(waitlisted) OVER past AS waitlisted,
                 sum(active) OVER past AS active, sum(withdrawn) OVER past AS withdrawn,
                 sum(completed) OVER past AS completed
            FROM course_days WHERE run_id = %(run)s WINDOW past AS (ORDER BY day)) AS running),
weeks AS (SELECT coalesce(json_agg(json_build_object('week', week, 'rows', rows, 'amount', amount,
                'learners', learners) ORDER BY week), '[]') AS entries FROM course_weeks WHERE run_id = %(run)s)
SELECT {CHECKPOINT.format("course_dashboard")}, (
    SELECT json_build_object('run_id', run_id, 'counts', totals.counts, 'grades', grades.buckets,
                             'days', days.entries, 'weeks', weeks.entries)::text
      FROM course_weights, totals, grades, days, weeks WHERE run_id = %(run)s)
"""


async def run_dashboard(reader: Reader, run_id: str) -> Answer:
    """How one run goes."""
    return await reader.answer(RUN, {"run": run_id})
