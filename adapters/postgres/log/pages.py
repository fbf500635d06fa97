"""
The log in pages, for those who follow it: raw rows for the relay, facts for the projector.

A row that cannot be decoded becomes an `Unreadable` fact (decoding.py).
"""

from datetime import UTC, datetime

import psycopg

from adapters.postgres.log.decoding import LogRow, fact_of
from adapters.postgres.log.postgres_log import HEAD, PAGE
from domain.fact import Fact

RECORDED_AT = "SELECT recorded_at FROM events WHERE position = %s"


async def read_head(connection: psycopg.AsyncConnection) -> int:
    """The position of the last fact."""
    row = await (await connection.execute(HEAD, prepare=True, binary=True)).fetchone()
    return int(row[0]) if row else 0


def mark_of(recorded_at: datetime) -> str:
    """
    What a checkpoint that is kept outside of the log's database remembers of its last fact: when it was recorded.

    If the log went back, the fact that has come to this position since was recorded later.
    """
    return recorded_at.astimezone(UTC).isoformat()


async def mark_at(connection: psycopg.AsyncConnection, position: int) -> str:
    """The mark of the fact at *position*; empty if there is none."""
    row = await (await connection.execute(RECORDED_AT, [position], prepare=True, binary=True)).fetchone()
    return mark_of(row[0]) if row else ""


async def read_rows(connection: psycopg.AsyncConnection, after: int, until: int) -> list[LogRow]:
    """The rows with positions above *after*, up to and with *until*."""
    cursor = await connection.execute(PAGE, (after, until), prepare=True, binary=True)
    return await cursor.fetchall()


async def read_facts(connection: psycopg.AsyncConnection, after: int, until: int) -> list[Fact]:
    """The facts with positions above *after*, up to and with *until*."""
    return [fact_of(row) for row in await read_rows(connection, after, until)]
