"""
The temporary store: a SQLite database without a name, which goes with the process.

    SqliteDatabase   tables of the caller's own: the rows of a comparison
    SqliteSpill      rows by key: those of a fold that do not fit into memory
    Spool            documents in the order in which they come: all of a generation, taken at one go

Its file lies where SQLite puts such files: in the directory that SQLITE_TMPDIR or TMPDIR names, else in /var/tmp.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self, TypeVar

import msgspec
import psutil

from projections.engine.projection import KeyValues
from projections.engine.spill import SpillFailed

RowT = TypeVar("RowT", bound=msgspec.Struct)

CACHE = 32_000  # KiB in memory
BUNCH = 2_000  # rows written or read at once
STATM = "/proc/self/statm"
SETUP = f"""
PRAGMA cache_size = -{CACHE};
PRAGMA journal_mode = off;
PRAGMA synchronous = off;
PRAGMA temp_store = file;
"""

MISFITS = (ValueError, TypeError, OverflowError, RecursionError, msgspec.MsgspecError)
"""What a value may raise on its way to JSON and back."""

_encode = msgspec.json.Encoder().encode
_decode_key = msgspec.json.Decoder(tuple[str | int, ...]).decode


class SqliteDatabase:
    """A database of one owner, which several threads may use one after the other."""

    def __init__(self, script: str = "") -> None:
        self._connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._waiting: dict[str, list[Sequence[Any]]] = {}
        self.run(SETUP + script)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, script: str) -> None:
        """Run some statements."""
        self._flush()
        with _told("written"):
            self._connection.executescript(f"{script};\nBEGIN;")  # or every row would be a transaction

    def append(self, statement: str, values: Sequence[Any]) -> None:
        """Run *statement* for a row, soon."""
        waiting = self._waiting.setdefault(statement, [])
        waiting.append(values)
        if len(waiting) >= BUNCH:
            self._flush()

    def select(self, query: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a query."""
        self._flush()
        with _told("read"):
            cursor = self._connection.execute(query, values)
            while rows := cursor.fetchmany(BUNCH):
                yield from rows

    def close(self) -> None:
        """Throw everything away."""
        self._connection.close()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for statement, rows in waiting.items():
            self._write(statement, rows)

    def _write(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        with _told("written"):
            self._connection.executemany(statement, rows)


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise SpillFailed(f"a temporary file could not be {what}: {error}") from error


class SqliteSpill(SqliteDatabase):
    """Rows by the number of their table and their key."""

    def __init__(self) -> None:
        super().__init__(
            "CREATE TABLE rows (table_no INTEGER, key BLOB, row BLOB, PRIMARY KEY (table_no, key)) WITHOUT ROWID"
        )
        self._decoders: dict[type[msgspec.Struct], msgspec.json.Decoder[msgspec.Struct]] = {}

    def put(self, table_no: int, rows: Iterable[tuple[KeyValues, msgspec.Struct]]) -> dict[KeyValues, msgspec.Struct]:
        """Keep rows, in place of those that it has under the same keys; returns those that would not come back."""
        kept: dict[KeyValues, msgspec.Struct] = {}

        def encoded() -> Iterator[tuple[int, bytes, bytes]]:
            for key, row in rows:
                try:
                    values = table_no, _encode(key), _encode(row)
                    _decode_key(values[1])
                    self._decoder(type(row)).decode(values[2])
                except MISFITS:
                    kept[key] = row
                else:
                    yield values

        self._write("INSERT OR REPLACE INTO rows VALUES (?, ?, ?)", encoded())
        return kept

    def get(self, table_no: int, key: KeyValues, row: type[RowT]) -> RowT | None:
        """A fresh copy of one row."""
        for (found,) in self.select("SELECT row FROM rows WHERE table_no = ? AND key = ?", (table_no, _encode(key))):
            return self._decoder(row).decode(found)
        return None

    def items(self, table_no: int, row: type[RowT]) -> Iterator[tuple[KeyValues, RowT]]:
        """Fresh copies of all rows of a table."""
        decode = self._decoder(row).decode
        for key, found in self.select("SELECT key, row FROM rows WHERE table_no = ?", (table_no,)):
            yield _decode_key(key), decode(found)

    def clear(self) -> None:
        """Forget everything."""
        self.run("DELETE FROM rows")

    def _decoder(self, row: type[RowT]) -> msgspec.json.Decoder[RowT]:
        if row not in self._decoders:
            self._decoders[row] = msgspec.json.Decoder(row)
        return self._decoders[row]  # type: ignore[return-value]


class Spool(SqliteDatabase):
    """Documents, each with its segment and the number of its table."""

    def __init__(self) -> None:
        super().__init__("CREATE TABLE documents (number INTEGER PRIMARY KEY, segment INTEGER, tab INTEGER, body BLOB)")
        self._count = 0

    def add(self, segment: int, table: int, document: bytes) -> None:
        """One more document."""
        self._count += 1
        self.append("INSERT INTO documents VALUES (?, ?, ?, ?)", (self._count, segment, table, document))

    def mark(self) -> int:
        """What there is up to now, for `cut`."""
        return self._count

    def cut(self, mark: int) -> None:
        """Throw away what has come since."""
        self.append("DELETE FROM documents WHERE number > ?", (mark,))
        self._flush()
        self._count = mark

    def documents(self) -> Iterator[tuple[int, int, bytes]]:
        """All of them, in the order in which they came."""
        found = self.select("SELECT segment, tab, body FROM documents ORDER BY number")
        return ((segment, table, body) for segment, table, body in found)


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
