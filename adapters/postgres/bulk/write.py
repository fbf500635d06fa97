"""
Bulk write of a rebuilt segment into tables without indexes, by binary COPY.

The rows of the segment are deleted first, so a write that was cut off can be repeated from the start. Each transaction
has at most ROWS_AT_ONCE rows.
"""

import math
import re
import struct
import typing
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec
import psycopg

from adapters.postgres.connection import Connection
from adapters.postgres.store.row_tables import SEGMENT, column_type, physical_name, quoted
from projections.engine.bulk.pages import EPOCH, MICROSECOND
from projections.engine.live import RowRejected
from projections.engine.projection import KeyedRow, Table, key_values

ROWS_AT_ONCE = 100_000  # in one transaction
BLOCK = 1 << 18  # bytes in one message to the server
SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # and no flags, no extension
END = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")

DELETE_SOME = "DELETE FROM {table} WHERE ctid = ANY (ARRAY (SELECT ctid FROM {table} WHERE segment = %s LIMIT %s))"

Packed = Callable[[Any], bytes]
KeyedRows = Iterable[KeyedRow]

_encode = msgspec.json.Encoder().encode
_length = struct.Struct(">i").pack
_integer = struct.Struct(">iq").pack
_float = struct.Struct(">id").pack
_short = struct.Struct(">ih").pack
_count = struct.Struct(">i").pack
_unsigned = struct.Struct(">H").pack
DIGITS = "0123456789"

WEIGHTS = {"A": 3, "B": 2, "C": 1, "": 0}
"""Of places within a tsvector."""


class Unfit(ValueError):
    """A value does not fit its column."""


MISFITS = (
    ValueError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
    struct.error,
    msgspec.MsgspecError,
)
"""What packing a value that does not fit may raise."""


async def write_segment(
    connection: Connection, tables: Iterable[Table], generation: int, segment: int, rows: KeyedRows
) -> int:
    """
    Replace all rows of a segment; returns their number.

    Args:
        connection: with the schema of the read models on its search_path.
        rows: table by table.

    Raises:
        RowRejected: a row does not fit its table.
    """
    await delete_segment(connection, tables, generation, segment)
    packed, written = Packing(rows, segment), 0
    while (table := packed.table) is not None:
        columns = ", ".join(map(quoted, [*table.row.__struct_fields__, SEGMENT]))
        target = f"{quoted(physical_name(table, generation))} ({columns})"
        try:
            async with connection.cursor().copy(f"COPY {target} FROM STDIN (FORMAT BINARY)".encode()) as copy:
                await copy.write(SIGNATURE)
                for block in packed.blocks(ROWS_AT_ONCE):
                    await copy.write(block)
                await copy.write(END)
        except psycopg.DataError as error:
            raise RowRejected(f"{table.name}: {error}") from error
        written += packed.given
    return written


async def delete_segment(connection: Connection, tables: Iterable[Table], generation: int, segment: int) -> None:
    """Delete all rows of a segment, at most ROWS_AT_ONCE in each statement."""
    for table in tables:
        statement = DELETE_SOME.format(table=quoted(physical_name(table, generation))).encode()
        while (await connection.execute(statement, (segment, ROWS_AT_ONCE))).rowcount:
            pass


class Packing:
    """
    Rows in the binary format of COPY.

    Attributes:
        given: number of rows in the blocks since the last call of `blocks`.
    """

    def __init__(self, rows: KeyedRows, segment: int) -> None:
        self._rows = iter(rows)
        self._segment = _short(2, segment)
        self._next = next(self._rows, None)
        self.given = 0

    @property
    def table(self) -> Table | None:
        """The table of the next row; None after the last."""
        return self._next[0].table if self._next else None

    def blocks(self, most: int) -> Iterator[bytes]:
        """Yield up to *most* rows of the same table; raises RowRejected."""
        table, self.given = self.table, 0
        if table is None:
            return
        pack = Packer(table).pack
        parts: list[bytes] = []
        size = 0
        while self._next is not None and self._next[0].table is table and self.given < most:
            row = pack(self._next[1])
            parts += row, self._segment
            size += len(row)
            self.given += 1
            self._next = next(self._rows, None)
            if size > BLOCK:
                yield b"".join(parts)
                parts, size = [], 0
        yield b"".join(parts)


class Packer:
    """Packs the rows of one table, without the segment."""

    def __init__(self, table: Table) -> None:
        self._table = table
        hints = typing.get_type_hints(table.row)
        self._kinds = {name: column_type(hints[name]) for name in table.row.__struct_fields__}
        self._fields = [packed_as(kind, hints[name]) for name, kind in self._kinds.items()]
        self._head = struct.pack(">h", len(self._fields) + 1)

    def pack(self, row: msgspec.Struct) -> bytes:
        """Pack one row; raises RowRejected, which names the field."""
        try:
            values = zip(self._fields, msgspec.structs.astuple(row), strict=True)
            return self._head + b"".join([pack(value) for pack, value in values])
        except MISFITS:
            raise RowRejected(self._complaint(row)) from None

    def _complaint(self, row: msgspec.Struct) -> str:
        """The sentence about a row that cannot be packed."""
        for name, pack, value in zip(row.__struct_fields__, self._fields, msgspec.structs.astuple(row), strict=True):
            try:
                pack(value)
            except MISFITS as error:
                key = ", ".join(map(repr, key_values(self._table, row)))
                kind = self._kinds[name].removesuffix(" NOT NULL").removesuffix(' COLLATE "C"')
                return f"{self._table.name}, row {key}: {name} = {value!r:.100} does not fit a {kind}: {error}"
        return f"{self._table.name}: {row!r:.200}"


def packed_as(column: str, hint: Any) -> Packed:
    """
    The function that packs a value of a column: its length, then its bytes.

    Args:
        column: as `column_type` gives it.
        hint: the type as which the value is read back.
    """
    kind, nullable = column.partition(" ")[0], not column.endswith(" NOT NULL")
    pack = PACKED.get(kind) or _jsonb(hint)
    return (lambda value: NULL if value is None else pack(value)) if nullable else pack


def _text(value: str) -> bytes:
    raw = value.encode()
    if b"\0" in raw:
        raise Unfit("a text cannot hold the character NUL")
    return _length(len(raw)) + raw


def _bigint(value: Any) -> bytes:
    if value is True or value is False:
        raise Unfit("it is a bool")
    return _integer(8, value)


def _boolean(value: Any) -> bytes:
    if value is True:
        return b"\0\0\0\1\1"
    if value is False:
        return b"\0\0\0\1\0"
    raise Unfit("it is not a bool")


def _double(value: Any) -> bytes:
    if value is True or value is False:
        raise Unfit("it is a bool")
    if not math.isfinite(value):
        raise Unfit("JSON has no such number")
    return _float(8, value)


def _moment(value: datetime) -> bytes:
    return _integer(8, (value - EPOCH) // MICROSECOND)


def _jsonb(hint: Any) -> Packed:
    decode = msgspec.json.Decoder(hint).decode
    empty: dict[type, bytes] = {}  # what an empty list or dict is packed as; most rows have some

    def pack(value: Any) -> bytes:
        if not value and type(value) in empty:
            return empty[type(value)]
        raw = _encode(value)
        if b"\\u0000" in raw and ESCAPED_NUL.search(raw):
            raise Unfit("a text cannot hold the character NUL")
        decode(raw)  # else the row could not be read back
        packed = _length(len(raw) + 1) + b"\1" + raw
        if raw in {b"[]", b"{}"}:
            empty[type(value)] = packed
        return packed

    return pack


def _tsvector(value: str) -> bytes:
    """As `projections.engine.words.lexemes` writes words and places."""
    parts = value.split()
    packed = [_count(len(parts))]
    for part in parts:
        word, _, places = part[1:].partition("'")
        marks = places[1:].split(",") if places else []
        packed += word.encode() + b"\0", _unsigned(len(marks))
        packed += (_unsigned(WEIGHTS[each.lstrip(DIGITS)] << 14 | int(each.rstrip("ABC"))) for each in marks)
    raw = b"".join(packed)
    return _length(len(raw)) + raw


PACKED: dict[str, Packed] = {
    "text": _text,
    "bigint": _bigint,
    "boolean": _boolean,
    "double": _double,
    "timestamptz": _moment,
    "tsvector": _tsvector,
}
