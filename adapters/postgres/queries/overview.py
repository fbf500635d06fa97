"""The campus overview, from the rows of projections/overview.py."""

from adapters.postgres.reader import CHECKPOINT, Answer, Reader
from projections.overview import CAMPUS

# What can be added up over the runs of a source is added up; a person on several of them counts once, as on the campus.
SOURCES = """
sources AS (
    SELECT source, array_agg(run_id) AS run_ids, sum(registrations) AS registrations, sum(withdrawals) AS withdrawals,
           sum(without_registration_date) AS without_registration_date, sum(submissions) AS submissions,
           sum(banked) AS banked, sum(graded) AS graded, sum(activity_rows) AS activity_rows,
           sum(activity_amount) AS activity_amount
      FROM overview WHERE run_id <> %(campus)s GROUP BY source),
outcomes AS (
    SELECT source, json_object_agg(name, number) AS outcomes FROM (
        SELECT source, name, sum(value::bigint) AS number
          FROM overview CROSS JOIN jsonb_each_text(outcomes) AS of_run(name, value)
         WHERE run_id <> %(campus)s GROUP BY source, name) AS added GROUP BY source),
irregular AS (
    SELECT source, json_object_agg(name, number) AS irregular FROM (
        SELECT source, name, sum(value::bigint) AS number
          FROM overview CROSS JOIN jsonb_each_text(irregular) AS of_run(name, value)
         WHERE run_id <> %(campus)s GROUP BY source, name) AS added GROUP BY source),
people AS (
    SELECT source, count(*) FILTER (WHERE registered ?| run_ids) AS people,
           count(*) FILTER (WHERE active ?| run_ids) AS active_people
      FROM sources CROSS JOIN overview_people GROUP BY source),
of_sources AS (
    SELECT %(campus)s AS run_id, source, coalesce(people, 0) AS people, registrations, withdrawals,
           without_registration_date, coalesce(outcomes, '{}') AS outcomes, submissions, banked, graded, activity_rows,
           activity_amount, coalesce(active_people, 0) AS active_people, coalesce(irregular, '{}') AS irregular
      FROM sources LEFT JOIN outcomes USING (source) LEFT JOIN irregular USING (source) LEFT JOIN people USING (source))
"""

# What has no score was handed in and never graded.
ENTRY = """json_build_object(
    'run_id', run_id, 'source', source, 'people', people, 'registrations', registrations, 'withdrawals', withdrawals,
    'without_registration_date', without_registration_date, 'outcomes', outcomes, 'submissions', submissions,
    'banked', banked, 'without_score', submissions - graded, 'activity_rows', activity_rows,
    'activity_amount', activity_amount, 'active_people', active_people, 'irregular', irregular)"""

OVERVIEW = f"""
WITH {SOURCES},
counts AS (SELECT run_id, {ENTRY} AS entry FROM overview)
SELECT {CHECKPOINT.format("overview")}, json_build_object(
    'campus', (SELECT entry FROM counts WHERE run_id = %(campus)s),
    'sources', (SELECT coalesce(json_agg({ENTRY} ORDER BY source), '[]') FROM of_sources),
    'runs', (SELECT coalesce(json_agg(entry ORDER BY run_id), '[]') FROM counts WHERE run_id <> %(campus)s))::text
"""


async def overview(reader: Reader) -> Answer:
    """Counts of the campus, of every source and of every run; the campus is null as long as nothing has happened."""
    return await reader.answer(OVERVIEW, {"campus": CAMPUS})
