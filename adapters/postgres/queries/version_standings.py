"""What learners have done on the runs that follow a version of a course, page by page."""

import msgspec

from adapters.postgres.queries.json_answer import json_object
from adapters.postgres.queries.reader import CHECKPOINT, Reader, RowPage
from domain.catalog.impact import Standing

# In the order of run and learner, after the last of the page before ('' twice for the first page).
STANDINGS = f"""
SELECT {CHECKPOINT.format("course_dashboard")}, page.run_id, page.learner_id, page.body
  FROM (SELECT) AS once LEFT JOIN LATERAL (
    SELECT e.run_id, e.learner_id, {json_object(Standing)}::text AS body
      FROM course_enrollments AS e JOIN catalog_runs AS r ON r.run_id = e.run_id
     WHERE r.course_id = %(course)s AND r.course_version = %(version)s
       AND e.status IN ('active', 'completed', 'suspended') AND (e.run_id, e.learner_id) > (%(run)s, %(learner)s)
     ORDER BY e.run_id, e.learner_id LIMIT %(limit)s) AS page ON true ORDER BY page.run_id, page.learner_id
"""


async def standings(reader: Reader, course_id: str, version: int, after: tuple[str, str], limit: int) -> RowPage:
    """A page of rows of run, learner and what that learner has done, as JSON text."""
    asked = {"course": course_id, "version": version, "run": after[0], "learner": after[1], "limit": limit}
    return await reader.page(STANDINGS, asked)


def standing_of(row: tuple[str, str, str]) -> Standing:
    """What a row says that the learner has done."""
    return msgspec.json.decode(row[2], type=Standing)
