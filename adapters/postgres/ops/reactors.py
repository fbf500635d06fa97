"""How far a reactor is."""

import psycopg

POSITION = "SELECT position FROM reactors WHERE name = %s"
ADVANCE = """
INSERT INTO reactors (name, position) VALUES (%s, %s)
ON CONFLICT (name) DO UPDATE SET position = excluded.position, updated_at = now()
"""


async def position(connection: psycopg.AsyncConnection, reactor: str) -> int:
    """Position of the last fact that *reactor* has dealt with, 0 for a new one."""
    row = await (await connection.execute(POSITION, [reactor])).fetchone()
    return int(row[0]) if row else 0


async def advance(connection: psycopg.AsyncConnection, reactor: str, to: int) -> None:
    """Remember that *reactor* has dealt with everything up to *to*."""
    await connection.execute(ADVANCE, [reactor, to])
