"""
How many facts there are of each type and partition: the log's side of a read model's account.

Complete blocks of positions never change, so each is counted once and the counts are kept.
"""

from collections import Counter
from collections.abc import Callable

import psycopg

BLOCK = 262_144  # positions

MISSING = """
SELECT block FROM generate_series(0, %s - 1) AS block
 WHERE NOT EXISTS (SELECT FROM log_blocks AS counted WHERE counted.block = block.block)
"""
COUNT_BLOCK = """
INSERT INTO log_blocks (block, partition, type, events)
SELECT %(block)s, partition, type, count(*) FROM events
 WHERE position > %(block)s * %(size)s::bigint AND position <= (%(block)s + 1) * %(size)s::bigint
 GROUP BY partition, type
ON CONFLICT DO NOTHING
"""
COUNTS = """
SELECT partition, type, sum(events)::bigint FROM (
    SELECT partition, type, events FROM log_blocks WHERE block < %(blocks)s
     UNION ALL
    SELECT partition, type, count(*) FROM events
     WHERE position > %(blocks)s * %(size)s::bigint AND position <= %(until)s GROUP BY partition, type
) AS counted GROUP BY partition, type
"""

PartitionCounts = Counter[tuple[int, str]]
"""Facts by partition and type."""


async def counts_until(
    connection: psycopg.AsyncConnection, until: int, advance: Callable[[int], None] = lambda _: None
) -> PartitionCounts:
    """
    How many facts there are up to the position *until*, by partition and type.

    Args:
        advance: called with the number of positions that were counted since; those known before do not count.
    """
    blocks = until // BLOCK
    missing = await (await connection.execute(MISSING, [blocks])).fetchall()
    for (block,) in missing:
        await connection.execute(COUNT_BLOCK, {"block": block, "size": BLOCK})
        advance(BLOCK)
    cursor = await connection.execute(COUNTS, {"blocks": blocks, "size": BLOCK, "until": until})
    return Counter({(partition, type_name): events for partition, type_name, events in await cursor.fetchall()})
