"""
Pages of the log for the export: each one row of five values, which cost a third of what a row for each fact would.

A statement reads one page by position and is over in milliseconds: nothing that appends or cleans up waits for it.
"""

import struct
from typing import NamedTuple

import psycopg

from adapters.proofs.leaves import SINCE_1970
from domain.proofs.leaf import leaf_of

NUMBERS = (
    "position",
    "stream_version",
    "schema_version",
    "partition",
    "occurred_at",
    "recorded_at",
    "stream_id_length",
    "type_length",
    "data_length",
    "meta_length",
)  # of one record, each 8 bytes, most significant first; times in microseconds since 2000, lengths in bytes
LARGEST_PAGE = 1 << 14  # positions
LARGEST_PAYLOAD = 1 << 26  # bytes of data and meta in one page, unless a single fact has more

SIZE = """
SELECT coalesce(sum(octet_length(data) + octet_length(meta)), 0)::bigint
  FROM events WHERE position > %s AND position <= %s
"""

PAGE = """
SELECT count(*),
       string_agg(int8send(position) || int8send(stream_version) || int8send(schema_version) || int8send(partition)
               || timestamptz_send(occurred_at) || timestamptz_send(recorded_at)
               || int8send(octet_length(stream_id)) || int8send(octet_length(type))
               || int8send(octet_length(data)) || int8send(octet_length(meta)), ''::bytea),
       string_agg(textsend(stream_id), ''::bytea), string_agg(textsend(type), ''::bytea),
       string_agg(data, ''::bytea), string_agg(meta, ''::bytea)
  FROM (SELECT * FROM events WHERE position > %s AND position <= %s ORDER BY position) AS page
"""


_record = struct.Struct(f">{len(NUMBERS)}q")


class FactBuffers(NamedTuple):
    """
    Some facts in the order of the log, one value after the other without anything between them.

    Attributes:
        facts: how many.
        records: for each fact, its `NUMBERS`.
    """

    facts: int
    records: bytes
    stream_ids: bytes
    types: bytes
    data: bytes
    meta: bytes


class Gap(Exception):
    """The log lacks a fact, which happens only if the log is damaged."""


async def read_page(connection: psycopg.AsyncConnection, after: int, until: int) -> FactBuffers:
    """
    The facts after position *after*: one page at most, and up to *until*, which must not be after the head.

    Raises:
        Gap: a position has no fact.
    """
    until = min(until, after + LARGEST_PAGE)
    while until - after > 1 and await _payload(connection, after, until) > LARGEST_PAYLOAD:
        until = after + (until - after) // 2
    cursor = await connection.execute(PAGE, (after, until), prepare=True, binary=True)
    row = await cursor.fetchone()
    if row is None or row[0] != until - after:
        raise Gap(
            f"between positions {after + 1:,} and {until:,} of the log facts are missing: see `campus log verify`"
        )
    return FactBuffers(*row)


async def _payload(connection: psycopg.AsyncConnection, after: int, until: int) -> int:
    row = await (await connection.execute(SIZE, (after, until), prepare=True, binary=True)).fetchone()
    return int(row[0]) if row else 0


def leaves_of(rows: FactBuffers) -> bytes:
    """The hash of each fact as a leaf of the tree over the log (domain/proofs/leaf.py), one after the other."""
    found, at = [], [0, 0, 0, 0]
    for numbers in _record.iter_unpack(rows.records):
        position, stream_version, schema_version, partition, occurred_at, recorded_at, *lengths = numbers
        ends = [first + length for first, length in zip(at, lengths, strict=True)]
        stream_id, type_, data, meta = (
            values[first:end] for values, first, end in zip(rows[2:], at, ends, strict=True)
        )
        at = ends
        envelope = stream_version, type_, schema_version, partition
        row = position, stream_id, *envelope, data, meta, occurred_at, recorded_at
        found.append(leaf_of(row, SINCE_1970))
    return b"".join(found)
