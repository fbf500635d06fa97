"""What the learners have done who follow a version of a course, page by page."""

from collections.abc import Mapping

import msgspec

from adapters.postgres.log.decoding import must_be_readable
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.queries.json_answer import json_object
from adapters.postgres.queries.old_columns import with_columns
from adapters.postgres.queries.reader import CHECKPOINT, Reader, RowPage
from domain.catalog.impact import Standing
from domain.tags import QueryItem, tag

_ENROLLMENTS = with_columns(
    "SELECT run_id, learner_id, status, outcome, completed, excused, scores, exact, weeks, version"
    " FROM course_enrollments",
    "e",
    version="0::bigint",
)
# A row without a version is of the one that the run had first, or of a learner who has yet to begin, with that of now.
_FOLLOWED = """coalesce(
           nullif(e.version, 0),
           CASE WHEN e.outcome IS NOT NULL OR e.completed <> '[]' OR e.weeks <> '[]'
                THEN (%(first)s::jsonb ->> e.run_id)::bigint END,
           r.course_version)"""
# In the order of run and learner, after the last of the page before ('' twice for the first page).
STANDINGS = f"""
SELECT {CHECKPOINT.format("course_dashboard")}, page.run_id, page.learner_id, page.body
  FROM (SELECT) AS once LEFT JOIN LATERAL (
    SELECT e.run_id, e.learner_id, {json_object(Standing)}::text AS body
      FROM {_ENROLLMENTS} JOIN catalog_runs AS r ON r.run_id = e.run_id
     WHERE r.course_id = %(course)s AND {_FOLLOWED} = %(version)s
       AND e.status IN ('active', 'completed', 'suspended') AND (e.run_id, e.learner_id) > (%(run)s, %(learner)s)
     ORDER BY e.run_id, e.learner_id LIMIT %(limit)s) AS page ON true ORDER BY page.run_id, page.learner_id
"""


async def first_versions(log: PostgresLog, course_id: str) -> dict[str, int]:
    """The version that runs of a course had at first which have had another one since; raises UnreadableFact."""
    changed, _ = await log.matching((QueryItem(("run.version_changed",), (tag("course", course_id),)),))
    return {fact.id("run_id"): must_be_readable(fact).data["old"] for fact in reversed(changed)}


async def standings(
    reader: Reader, course_id: str, version: int, after: tuple[str, str], limit: int, *, first: Mapping[str, int]
) -> RowPage:
    """
    A page of rows of run, learner and what that learner has done, as JSON text.

    Args:
        first: what `first_versions` says.
    """
    asked = {"course": course_id, "version": version, "run": after[0], "learner": after[1], "limit": limit}
    return await reader.page(STANDINGS, {**asked, "first": msgspec.json.encode(first).decode()})


def standing_of(row: tuple[str, str, str]) -> Standing:
    """What a row says that the learner has done."""
    return msgspec.json.decode(row[2], type=Standing)
