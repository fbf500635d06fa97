"""How far a reactor is, and what its reactions could not do."""

import psycopg

from domain.fact import Fact

POSITION = "SELECT position FROM reactors WHERE name = %s"
ADVANCE = """
INSERT INTO reactors (name, position) VALUES (%s, %s)
ON CONFLICT (name) DO UPDATE SET position = excluded.position, updated_at = now()
"""
REFUSED = """
INSERT INTO refused_reactions (position, reaction, code, sentence) VALUES (%s, %s, %s, %s)
ON CONFLICT (position, reaction) DO UPDATE SET code = excluded.code, sentence = excluded.sentence, refused_at = now()
"""


async def position(connection: psycopg.AsyncConnection, reactor: str) -> int:
    """Position of the last fact that *reactor* has dealt with, 0 for a new one."""
    row = await (await connection.execute(POSITION, [reactor])).fetchone()
    return int(row[0]) if row else 0


async def advance(connection: psycopg.AsyncConnection, reactor: str, to: int) -> None:
    """Remember that *reactor* has dealt with everything up to *to*."""
    await connection.execute(ADVANCE, [reactor, to])


async def refused(connection: psycopg.AsyncConnection, fact: Fact, reaction: str, code: str, sentence: str) -> None:
    """Remember that a reaction to *fact* was refused, with the rule's code and sentence."""
    await connection.execute(REFUSED, [fact.position, reaction, code, sentence])
