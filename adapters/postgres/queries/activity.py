"""
The latest facts of the campus that are worth showing, older than read model recent_activity keeps, and the titles of
what they are about.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from adapters.postgres.log.decoding import fact_of
from adapters.postgres.log.postgres_log import COLUMNS
from adapters.postgres.queries.catalog import TITLE_OF_RUN
from adapters.postgres.queries.reader import CHECKPOINT, Reader
from domain.fact import Fact
from projections.engine.rows import Unreadable

LOOKED_THROUGH = 100_000  # positions, for one page

LATEST = (
    f"SELECT {COLUMNS} FROM events WHERE position > %(above)s AND position <= %(until)s AND type = ANY(%(types)s)"
    "{of_run} AND (%(valid_at)s::timestamptz IS NULL OR occurred_at <= %(valid_at)s)"
    " ORDER BY position DESC LIMIT %(limit)s"
)
# The run is the second id of streams; of attempts that is the quiz.
OF_RUN = """
 AND split_part(stream_id, ':', 2) = ANY(CASE WHEN starts_with(stream_id, 'attempt-') THEN ARRAY(
         SELECT substr(stream_id, 6) FROM events WHERE type = 'quiz.published' AND run_of_quiz(data) = %(run)s)
     ELSE ARRAY[%(run)s::text] END)
"""
TITLES = f"""
SELECT {CHECKPOINT.format("catalog")}, found.* FROM (SELECT) AS once LEFT JOIN LATERAL (
    SELECT run_id, course_id, {TITLE_OF_RUN} AS title, coalesce((
        SELECT jsonb_object_agg(unit ->> 'unit_id', unit ->> 'title') FROM jsonb_array_elements(units) AS listed (unit)
         WHERE unit ->> 'unit_id' = ANY(%(units)s)), '{{}}')::text
      FROM catalog_runs AS run LEFT JOIN (SELECT course_id, version AS course_version, units FROM catalog_structures)
           AS structure USING (course_id, course_version)
     WHERE run_id = ANY(%(runs)s)) AS found ON true
"""


class FactPage(NamedTuple):
    """Facts, the newest first; *below* is the position to go on at, which may be there although no fact is."""

    facts: list[Fact]
    below: int | None


class Titles(NamedTuple):
    """The course of each run, its title and those of its units; and the position for which they are true."""

    courses: dict[str, tuple[str, str]]
    units: dict[tuple[str, str], str]
    position: int


async def latest(
    reader: Reader,
    types: Collection[str],
    run_id: str | None,
    until: int,
    limit: int,
    *,
    valid_at: datetime | None = None,
) -> FactPage:
    """A page of the facts of some *types* up to and with *until*, of one run or all, happened by *valid_at*."""
    above = max(until - LOOKED_THROUGH, 0)
    parameters: dict[str, Any] = {"above": above, "until": until, "types": list(types), "run": run_id}
    parameters |= {"limit": limit + 1, "valid_at": valid_at}
    rows = await reader.rows(LATEST.format(of_run=OF_RUN if run_id is not None else ""), parameters)
    facts = [fact for fact in map(fact_of, rows[:limit]) if not isinstance(fact, Unreadable)]
    if len(rows) > limit:
        return FactPage(facts, rows[limit - 1][0])
    return FactPage(facts, above + 1 if above else None)


async def titles(reader: Reader, run_ids: Iterable[str], unit_ids: Iterable[str]) -> Titles:
    """The titles of some runs and of some of their units."""
    rows = await reader.rows(TITLES, {"runs": list(run_ids), "units": list(unit_ids)})
    found = [row[1:] for row in rows if row[1] is not None]
    units = {
        (run_id, unit_id): title
        for run_id, _, _, listed in found
        for unit_id, title in msgspec.json.decode(listed, type=dict[str, str]).items()
    }
    courses = {run_id: (course_id, title) for run_id, course_id, title, _ in found}
    return Titles(courses, units, rows[0][0] or 0)
