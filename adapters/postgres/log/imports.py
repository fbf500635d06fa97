"""Which imports the log has: their streams, by the index of streams."""

from adapters.postgres.connection import Connection
from adapters.postgres.log.decoding import fact_of
from adapters.postgres.log.postgres_log import COLUMNS
from domain.admin import Import
from domain.fact import Fact
from projections.engine.rows import Unreadable

NUMBERS = (
    "SELECT split_part(stream_id, ':', 2)::bigint FROM events WHERE stream_id >= %(first)s AND stream_id < %(end)s"
    " AND stream_version = 1 ORDER BY 1 DESC LIMIT %(limit)s"
)

# Those that began last, with all of their facts.
IMPORTS = f"""
WITH begun AS (
    SELECT stream_id, position AS begun_at FROM events
     WHERE stream_id >= '{Import.category}-' AND stream_id < '{Import.category}.' AND stream_version = 1
       AND position < %(before)s ORDER BY position DESC LIMIT %(limit)s
)
SELECT {COLUMNS} FROM events JOIN begun USING (stream_id) ORDER BY begun_at DESC, stream_version
"""


async def numbers_of(connection: Connection, source: str, limit: int) -> list[int]:
    """The numbers of the newest imports of a source, the newest first."""
    of_source = f"{Import.category}-{source}"
    parameters = {"first": f"{of_source}:", "end": f"{of_source};", "limit": limit}
    cursor = await connection.execute(NUMBERS.encode(), parameters)
    return [int(number) for (number,) in await cursor.fetchall()]


async def imports_before(connection: Connection, before: int, limit: int) -> list[list[Fact]]:
    """The facts of the newest *limit* imports that began before a position, import by import, the newest first."""
    cursor = await connection.execute(IMPORTS.encode(), {"before": before, "limit": limit}, binary=True)
    found: dict[str, list[Fact]] = {}
    for fact in map(fact_of, await cursor.fetchall()):
        if not isinstance(fact, Unreadable):
            found.setdefault(fact.stream_id, []).append(fact)
    return list(found.values())
