"""
A store in memory: what `verify` folds the whole log into, and what tests look into.

Rows are kept as JSON, as they are in the servers: a row that is read is a fresh copy, and a hundred thousand rows
take little room.
"""

import hashlib
from collections.abc import Iterable, Iterator

import msgspec

from projections.base import RowKey, Rows, Table
from projections.fold import Fenced, Loaded

_encode = msgspec.json.Encoder().encode
_encode_sorted = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder().decode


class MemoryStore:
    """Rows and a checkpoint in memory."""

    def __init__(self) -> None:
        self._position = 0
        self._rows: dict[RowKey, bytes] = {}

    async def position(self) -> int:
        """The checkpoint."""
        return self._position

    async def load(self, keys: Iterable[RowKey]) -> Loaded:
        """Those of the rows that exist."""
        return {key: self._decoded(key) for key in keys if key in self._rows}

    async def save(self, rows: Rows, *, before: int, after: int, healed: int | None = None) -> None:  # noqa: ARG002
        """Keep the changed rows; nothing is ever parked here that could be *healed*."""
        if self._position != before:
            raise Fenced
        for key in rows.changed:
            self._rows[key] = _encode(rows.rows[key])
        self._position = after

    def rows(self) -> Iterator[tuple[RowKey, msgspec.Struct]]:
        """Every row."""
        for key in self._rows:
            yield key, self._decoded(key)

    def row(self, table: Table, *key: str | int) -> msgspec.Struct | None:
        """One row, or None."""
        row_key = RowKey(table, key)
        return self._decoded(row_key) if row_key in self._rows else None

    def _decoded(self, key: RowKey) -> msgspec.Struct:
        return msgspec.json.decode(self._rows[key], type=key.table.row)


def row_digest(row: msgspec.Struct) -> bytes:
    """128 bits that stand for the content of a row, wherever it is kept."""
    plain = _decode(_encode(row))  # all keys text: those that are numbers cannot be sorted
    return hashlib.blake2b(_encode_sorted(plain), digest_size=16).digest()


def content_digest(digests: Iterable[tuple[RowKey, bytes]]) -> str:
    """One digest of all rows, whatever their order, in hex: the sum of the rows' digests with their table's name."""
    total = 0
    for key, digest in digests:
        keyed = hashlib.blake2b(digest, key=key.table.name.encode()[:64], digest_size=16)
        total += int.from_bytes(keyed.digest())
    return f"{total % 2**128:032x}"
