"""Checkpoints that cannot be: above the head of the log, which went back."""

from adapters.postgres.connection import Connection

ABOVE = """
SELECT s.projection, s.generation, s.segment, s.position, head.position
  FROM segments AS s
  JOIN projections AS p ON p.name = s.projection AND p.generation = s.generation AND p.status = 'live'
 CROSS JOIN log_head AS head
 WHERE s.position > head.position
 ORDER BY 1, 2, 3
"""


async def of_another_log(connection: Connection) -> list[str]:
    """
    The segments of what is served that hold facts which the log does not have, with where they stand.

    Those of other generations are begun again by the promotion or rollback that makes them live.
    """
    return [
        f"segment {segment} of generation {generation} of {name} at {position:,} of {head:,}"
        for name, generation, segment, position, head in await (await connection.execute(ABOVE)).fetchall()
    ]
