"""
The shelf of a fold over the whole log: rows that do not fit into memory, as JSON in a temporary SQLite database.

The database has no name and goes with the process. It lies where SQLite puts such files: in the directory that
SQLITE_TMPDIR or TMPDIR names, else in /var/tmp.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from typing import TypeVar

import msgspec
import psutil

from projections.engine.bulk.rows import Key, SpillFailed

RowT = TypeVar("RowT", bound=msgspec.Struct)

CACHE = 16_000  # KiB
STATM = "/proc/self/statm"
FETCH = 1_000  # rows
TABLE = "CREATE TABLE shelf (drawer INTEGER, key BLOB, row BLOB, PRIMARY KEY (drawer, key)) WITHOUT ROWID"

_encode = msgspec.json.Encoder().encode
_decode_key = msgspec.json.Decoder(tuple[str | int, ...]).decode


class SqliteSpill:
    """Rows in a database that nobody else sees."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        for statement in (
            f"PRAGMA cache_size = -{CACHE}",
            "PRAGMA journal_mode = off",
            "PRAGMA synchronous = off",
            TABLE,
        ):
            self._database.execute(statement)
        self._decoders: dict[type[msgspec.Struct], msgspec.json.Decoder[msgspec.Struct]] = {}

    def put(self, drawer: int, rows: Iterable[tuple[Key, msgspec.Struct]]) -> None:
        """Keep rows, in place of those that it has under the same keys."""
        try:
            self._database.execute("BEGIN")
            self._database.executemany(
                "INSERT OR REPLACE INTO shelf VALUES (?, ?, ?)",
                ((drawer, _encode(key), _encode(row)) for key, row in rows),
            )
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            raise SpillFailed(f"rows could not be put into a temporary file: {error}") from error

    def get(self, drawer: int, key: Key, row: type[RowT]) -> RowT | None:
        """A fresh copy of one row."""
        try:
            cursor = self._database.execute(
                "SELECT row FROM shelf WHERE drawer = ? AND key = ?", (drawer, _encode(key))
            )
            found = cursor.fetchone()
        except sqlite3.Error as error:
            raise SpillFailed(f"a row could not be taken from a temporary file: {error}") from error
        return None if found is None else self._decoder(row).decode(found[0])

    def items(self, drawer: int, row: type[RowT]) -> Iterator[tuple[Key, RowT]]:
        """Fresh copies of all rows of a drawer."""
        decode = self._decoder(row).decode
        try:
            cursor = self._database.execute("SELECT key, row FROM shelf WHERE drawer = ?", (drawer,))
            while page := cursor.fetchmany(FETCH):
                for key, found in page:
                    yield _decode_key(key), decode(found)
        except sqlite3.Error as error:
            raise SpillFailed(f"rows could not be taken from a temporary file: {error}") from error

    def clear(self) -> None:
        """Forget everything."""
        self._database.execute("DELETE FROM shelf")

    def close(self) -> None:
        """Forget everything, for good."""
        self._database.close()

    def _decoder(self, row: type[RowT]) -> msgspec.json.Decoder[RowT]:
        if row not in self._decoders:
            self._decoders[row] = msgspec.json.Decoder(row)
        return self._decoders[row]  # type: ignore[return-value]


class ResidentMemory:
    """Call it for the resident memory of this process, in bytes; on Linux that takes a few microseconds."""

    def __init__(self) -> None:
        try:
            self._statm: int | None = os.open(STATM, os.O_RDONLY)
        except OSError:
            self._statm = None
        self._process = psutil.Process()
        self._page = os.sysconf("SC_PAGE_SIZE")

    def __call__(self) -> int:
        """Bytes."""
        if self._statm is None:
            return int(self._process.memory_info().rss)
        return int(os.pread(self._statm, 100, 0).split()[1]) * self._page

    def close(self) -> None:
        """Close what was opened."""
        if self._statm is not None:
            os.close(self._statm)
            self._statm = None
