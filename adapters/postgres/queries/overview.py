"""The campus overview, from the rows of projections/overview.py."""

from adapters.postgres.reader import CHECKPOINT, Answer, Reader
from projections.overview import CAMPUS

# One entry for the campus and one for each run; what has no score was handed in and never graded.
OVERVIEW = f"""
WITH counts AS (
    SELECT run_id, json_build_object(
        'run_id', run_id, 'people', people, 'registrations', registrations, 'withdrawals', withdrawals,
        'without_registration_date', without_registration_date, 'outcomes', outcomes, 'submissions', submissions,
        'banked', banked, 'without_score', submissions - graded, 'activity_rows', activity_rows,
        'activity_amount', activity_amount, 'active_people', active_people, 'irregular', irregular) AS entry
      FROM overview)
SELECT {CHECKPOINT.format("overview")}, json_build_object(
    'campus', (SELECT entry FROM counts WHERE run_id = %(campus)s),
    'runs', (SELECT coalesce(json_agg(entry ORDER BY run_id), '[]') FROM counts WHERE run_id <> %(campus)s))::text
"""


async def overview(reader: Reader) -> Answer:
    """Counts of the campus and of every run; the campus is null as long as nothing has happened."""
    return await reader.answer(OVERVIEW, {"campus": CAMPUS})
