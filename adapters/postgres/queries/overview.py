"""The campus overview, from the rows of projections/overview.py."""

from adapters.postgres.queries.reader import CHECKPOINT, Answer, Reader

CAMPUS = "*"  # in place of the id of a run; version 1 of the read model has a row of that name, which is not counted

# What can be added up over runs is added up, of each source and of the campus; a person on several runs counts once.
ADDED = """
counts AS (SELECT * FROM overview WHERE run_id <> %(campus)s),
added AS (
    SELECT coalesce(source, '') AS source, grouping(source) AS whole, array_agg(run_id) AS run_ids,
           sum(registrations) AS registrations, sum(withdrawals) AS withdrawals,
           sum(without_registration_date) AS without_registration_date, sum(submissions) AS submissions,
           sum(banked) AS banked, sum(graded) AS graded, sum(activity_rows) AS activity_rows,
           sum(activity_amount) AS activity_amount
      FROM counts GROUP BY GROUPING SETS ((source), ()) HAVING count(*) > 0),
outcomes AS (
    SELECT source, whole, json_object_agg(name, number) AS outcomes FROM (
        SELECT coalesce(source, '') AS source, grouping(source) AS whole, name, sum(value::bigint) AS number
          FROM counts CROSS JOIN jsonb_each_text(outcomes) AS of_run(name, value)
         GROUP BY GROUPING SETS ((source, name), (name))) AS by_name GROUP BY source, whole),
irregular AS (
    SELECT source, whole, json_object_agg(name, number) AS irregular FROM (
        SELECT coalesce(source, '') AS source, grouping(source) AS whole, name, sum(value::bigint) AS number
          FROM counts CROSS JOIN jsonb_each_text(irregular) AS of_run(name, value)
         GROUP BY GROUPING SETS ((source, name), (name))) AS by_name GROUP BY source, whole),
people AS (
    SELECT source, whole,
           count(*) FILTER (WHERE CASE whole WHEN 1 THEN registered <> '[]' ELSE registered ?| run_ids END) AS people,
           count(*) FILTER (WHERE CASE whole WHEN 1 THEN active <> '[]' ELSE active ?| run_ids END) AS active_people
      FROM added CROSS JOIN overview_people GROUP BY source, whole),
sums AS (
    SELECT %(campus)s AS run_id, whole, source, coalesce(people, 0) AS people, registrations,
           withdrawals, without_registration_date, coalesce(outcomes, '{}') AS outcomes, submissions, banked, graded,
           activity_rows, activity_amount, coalesce(active_people, 0) AS active_people,
           coalesce(irregular, '{}') AS irregular
      FROM added LEFT JOIN outcomes USING (whole, source)
           LEFT JOIN irregular USING (whole, source) LEFT JOIN people USING (whole, source))
"""

# What has no score was handed in and never graded.
ENTRY = """json_build_object(
    'run_id', run_id, 'source', source, 'people', people, 'registrations', registrations, 'withdrawals', withdrawals,
    'without_registration_date', without_registration_date, 'outcomes', outcomes, 'submissions', submissions,
    'banked', banked, 'without_score', submissions - graded, 'activity_rows', activity_rows,
    'activity_amount', activity_amount, 'active_people', active_people, 'irregular', irregular)"""

OVERVIEW = f"""
WITH {ADDED}
SELECT {CHECKPOINT.format("overview")}, json_build_object(
    'campus', (SELECT {ENTRY} FROM sums WHERE whole = 1),
    'sources', (SELECT coalesce(json_agg({ENTRY} ORDER BY source), '[]') FROM sums WHERE whole = 0),
    'runs', (SELECT coalesce(json_agg({ENTRY} ORDER BY run_id), '[]') FROM counts))::text
"""


async def overview(reader: Reader) -> Answer:
    """Counts of the campus, of every source and of every run; the campus is null as long as nothing has happened."""
    return await reader.answer(OVERVIEW, {"campus": CAMPUS})
