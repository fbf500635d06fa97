"""
The log in pages, for those who follow it: raw rows for the relay, facts for the projector.

A row that cannot be decoded becomes an `Unreadable` fact, so that one bad row does not stop its readers.
"""

from typing import Any

import psycopg

from adapters.postgres.log import HEAD, PAGE, to_fact
from domain.fact import Fact, Meta
from projections.fold import Unreadable

LogRow = tuple[Any, ...]
"""A row of `events`, in the order of its columns."""

UNKNOWN = Meta(event_id="", actor="", source="")


async def read_head(connection: psycopg.AsyncConnection) -> int:
    """The position of the last fact."""
    row = await (await connection.execute(HEAD, prepare=True, binary=True)).fetchone()
    return int(row[0]) if row else 0


async def read_rows(connection: psycopg.AsyncConnection, after: int, until: int) -> list[LogRow]:
    """The rows with positions above *after*, up to and with *until*."""
    cursor = await connection.execute(PAGE, (after, until), prepare=True, binary=True)
    return await cursor.fetchall()


async def read_facts(connection: psycopg.AsyncConnection, after: int, until: int) -> list[Fact]:
    """The facts with positions above *after*, up to and with *until*."""
    return [fact_of(row) for row in await read_rows(connection, after, until)]


def fact_of(row: LogRow) -> Fact:
    """The fact in a row, `Unreadable` where this code cannot decode it."""
    try:
        return to_fact(row)
    except Exception as error:  # noqa: BLE001 - upcasters are our code, and may raise anything
        position, stream_id, stream_version, name, schema_version, partition, _, _, occurred_at, recorded_at = row
        return Unreadable(
            position=position,
            stream_id=stream_id,
            stream_version=stream_version,
            type=name,
            schema_version=schema_version,
            partition=partition,
            data={},
            meta=UNKNOWN,
            occurred_at=occurred_at,
            recorded_at=recorded_at,
            error=f"{type(error).__name__}: {error}",
        )
