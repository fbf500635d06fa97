"""Refund claims that are open: streams of claims whose last fact is that one was made, by the index of streams."""

from adapters.postgres.connection import Connection
from adapters.postgres.log.decoding import fact_of, readable
from adapters.postgres.log.postgres_log import COLUMNS
from domain.fact import Fact

OPEN = f"""
SELECT {COLUMNS} FROM (
    SELECT DISTINCT ON (stream_id) {COLUMNS} FROM events
     WHERE stream_id > 'refund_claim-' AND stream_id < 'refund_claim.'
     ORDER BY stream_id, stream_version DESC) AS last
 WHERE type = 'refund_claim.made' AND position > %(after)s ORDER BY position LIMIT %(limit)s
"""


async def open_claims(connection: Connection, after: int, limit: int) -> list[Fact]:
    """The facts by which the oldest *limit* open claims above a position were made."""
    cursor = await connection.execute(OPEN.encode(), {"after": after, "limit": limit}, binary=True)
    return readable(map(fact_of, await cursor.fetchall()))
