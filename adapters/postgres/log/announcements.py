"""The facts of announcements, which are few and found by an index of their own (migration 0295)."""

from adapters.postgres.connection import Connection
from adapters.postgres.log.decoding import fact_of
from adapters.postgres.log.pages import read_head
from adapters.postgres.log.postgres_log import COLUMNS
from domain.fact import Fact
from projections.engine.rows import Unreadable

NEW = f"""
SELECT {COLUMNS} FROM events
 WHERE type IN ('announcement.published', 'announcement.changed', 'announcement.withdrawn')
   AND position > %s AND position <= %s
 ORDER BY position
"""


async def announced_since(connection: Connection, known: int) -> tuple[int, list[Fact]]:
    """The head of the log, and the facts after the position *known*; all of them if the log ends before it."""
    head = await read_head(connection)
    cursor = await connection.execute(NEW.encode(), (known if head >= known else 0, head), binary=True)
    facts = [fact_of(row) for row in await cursor.fetchall()]
    return head, [fact for fact in facts if not isinstance(fact, Unreadable)]
