"""Looks at a learner's records, and at the names of a run with the learner's; whether there is anything to look at."""

from adapters.postgres.connection import Connection
from adapters.postgres.log.decoding import fact_of
from adapters.postgres.log.postgres_log import COLUMNS
from domain.admin import NamesOfRun, Record
from domain.enrollment import Enrollment
from domain.fact import Fact
from domain.registry import AGGREGATES
from projections.engine.rows import Unreadable

_OF_LEARNERS = [each for each in AGGREGATES if each.keyed_by == "learner_id" and each is not Record]

# Whether anything but looks is recorded about a learner.
IS_KNOWN = "SELECT " + " OR ".join(
    f"EXISTS (SELECT FROM events WHERE stream_id >= '{each.category}-' || %(learner)s || ':'"
    f" AND stream_id < '{each.category}-' || %(learner)s || ';')"
    if len(each.ids) > 1
    else f"EXISTS (SELECT FROM events WHERE stream_id = '{each.category}-' || %(learner)s)"
    for each in _OF_LEARNERS
)

# Looks at names count from the first fact of the learner's place on the run.
LOOKS = f"""
WITH places AS (
    SELECT substr(stream_id, length('{Enrollment.category}-' || %(learner)s || ':') + 1) AS run_id,
           min(position) AS since FROM events
     WHERE stream_id >= '{Enrollment.category}-' || %(learner)s || ':'
       AND stream_id < '{Enrollment.category}-' || %(learner)s || ';' GROUP BY stream_id),
looks AS (
    SELECT position FROM events WHERE stream_id >= '{Record.category}-' || %(learner)s || ':'
       AND stream_id < '{Record.category}-' || %(learner)s || ';'
    UNION ALL
    SELECT seen.position FROM places CROSS JOIN LATERAL (
        SELECT position FROM events WHERE stream_id >= '{NamesOfRun.category}-' || run_id || ':'
           AND stream_id < '{NamesOfRun.category}-' || run_id || ';' AND position > since) AS seen),
page AS (SELECT position FROM looks WHERE position < %(before)s ORDER BY position DESC LIMIT %(limit)s)
SELECT {COLUMNS} FROM events WHERE position IN (SELECT position FROM page) ORDER BY position DESC
"""


async def is_known(connection: Connection, learner_id: str) -> bool:
    """Whether anything is recorded about a learner, beside looks."""
    cursor = await connection.execute(IS_KNOWN.encode(), {"learner": learner_id}, prepare=True)
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def looks_at(connection: Connection, learner_id: str, before: int, limit: int) -> list[Fact]:
    """The newest *limit* looks at a learner with positions below *before*, the newest first."""
    parameters = {"learner": learner_id, "before": before, "limit": limit}
    cursor = await connection.execute(LOOKS.encode(), parameters, binary=True)
    found = [fact_of(row) for row in await cursor.fetchall()]
    return [fact for fact in found if not isinstance(fact, Unreadable)]
