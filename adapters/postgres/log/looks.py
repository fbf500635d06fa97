"""Looks at a learner's records: the facts of their streams, and whether there is anything to look at."""

from adapters.postgres.connection import Connection
from adapters.postgres.log.decoding import fact_of
from adapters.postgres.log.postgres_log import COLUMNS
from domain.admin import Record
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

LOOKS = (
    f"SELECT {COLUMNS} FROM events WHERE stream_id >= '{Record.category}-' || %(learner)s || ':'"
    f" AND stream_id < '{Record.category}-' || %(learner)s || ';' AND position < %(before)s"
    " ORDER BY position DESC LIMIT %(limit)s"
)


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
