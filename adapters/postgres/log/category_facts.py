"""All facts of streams of one category, for those that are few: a range of the index of streams and versions."""

from adapters.postgres.connection import Connection
from adapters.postgres.log.decoding import fact_of
from adapters.postgres.log.pages import read_head
from adapters.postgres.log.postgres_log import COLUMNS
from domain.aggregate import Aggregate
from domain.fact import Fact
from projections.engine.rows import Unreadable

OF_CATEGORY = f"""
SELECT {COLUMNS} FROM events
 WHERE stream_id >= %(category)s::text || '-' AND stream_id < %(category)s::text || '.'
 ORDER BY position
"""


async def facts_of_category(connection: Connection, aggregate: type[Aggregate]) -> tuple[int, list[Fact]]:
    """The head of the log, and the facts of all streams of an aggregate, in the order of the log."""
    head = await read_head(connection)
    cursor = await connection.execute(OF_CATEGORY.encode(), {"category": aggregate.category}, binary=True)
    found = [fact_of(row) for row in await cursor.fetchall()]
    return head, [fact for fact in found if not isinstance(fact, Unreadable)]
