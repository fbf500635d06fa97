"""
The log in pages, for those who follow it: raw rows for the relay, facts for the projector.

A row that cannot be decoded becomes an `Unreadable` fact, so that one bad row does not stop its readers. Where only its
meta cannot be decoded, the source of the fact is unknown, but it is a fact.
"""

from datetime import UTC, datetime
from typing import Any

import msgspec
import psycopg

from adapters.postgres.log.postgres_log import HEAD, PAGE, to_fact
from domain.fact import Fact, Meta
from projections.engine.rows import Unreadable

LogRow = tuple[Any, ...]
"""A row of `events`, in the order of its columns."""

UNKNOWN = Meta(event_id="", actor="", source="")

RECORDED_AT = "SELECT recorded_at FROM events WHERE position = %s"

_encode = msgspec.json.Encoder().encode
_decode_meta = msgspec.json.Decoder(Meta).decode


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


def fact_of(row: LogRow) -> Fact:
    """The fact in a row, `Unreadable` where this code cannot decode it."""
    try:
        return to_fact(row)
    except Exception as error:  # noqa: BLE001 - upcasters are our code, and may raise anything
        return _without_meta(row) or _unreadable(row, f"{type(error).__name__}: {error}")


def meta_of(stored: bytes) -> Meta:
    """Where a fact comes from, as far as that can be decoded."""
    try:
        return _decode_meta(stored)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return UNKNOWN


def _without_meta(row: LogRow) -> Fact | None:
    try:
        return to_fact((*row[:7], _encode(UNKNOWN), *row[8:])) if meta_of(row[7]) is UNKNOWN else None
    except Exception:  # noqa: BLE001 - as above
        return None


def _unreadable(row: LogRow, error: str) -> Unreadable:
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
        error=error,
    )
