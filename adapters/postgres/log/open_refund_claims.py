"""Which streams of refund claims wait: by an index of the facts of claims (migration 0367), of which there are few."""

from typing import NamedTuple

from adapters.postgres.connection import Connection
from adapters.postgres.log.pages import read_head

SINCE = """
SELECT position, stream_id, type FROM events
 WHERE type IN ('refund_claim.made', 'refund_claim.withdrawn', 'refund_claim.answered')
   AND position > %s AND position <= %s
 ORDER BY position
"""


class ClaimMoved(NamedTuple):
    """A fact of a claim: where it stands, the stream, and its type."""

    position: int
    stream_id: str
    type: str


async def claims_moved_since(connection: Connection, known: int) -> tuple[int, list[ClaimMoved]]:
    """The head of the log, and the facts of claims after the position *known*; all if the log ends before it."""
    head = await read_head(connection)
    cursor = await connection.execute(SINCE.encode(), (known if head >= known else 0, head))
    return head, [ClaimMoved(*row) for row in await cursor.fetchall()]
