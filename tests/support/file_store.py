"""A third store, for tests only: a generation in an SQLite file, in a directory that processes of a rebuild inherit."""
# ruff: noqa: ARG002, ARG003 - methods have the parameters of the protocol

import os
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self

import msgspec

from adapters.stores.protocol import PlainRow, Positions, Servers, StoredRow
from adapters.stores.registry import STORES
from projections.engine.live import Batch, FactCounts, Fenced, LoadedRows, Needed, RowSnapshot, encoded
from projections.engine.projection import Handler, KeyedRow, Projection, RowKey, Table, key_values
from tests.support.workers import InValkey

DIRECTORY = "CAMPUSLOG_TEST_FILES"  # in the environment
COUNTS = ("applied", "ignored", "parked", "skipped")
TABLES = """
CREATE TABLE IF NOT EXISTS segments (segment INTEGER PRIMARY KEY, position INTEGER DEFAULT 0, epoch INTEGER DEFAULT 0,
    applied INTEGER DEFAULT 0, ignored INTEGER DEFAULT 0, parked INTEGER DEFAULT 0, skipped INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS rows (segment INTEGER, name TEXT, key BLOB, document BLOB, PRIMARY KEY (segment, name, key));
"""
SAVE = """
UPDATE segments SET position = ?, applied = applied + ?, ignored = ignored + ?, parked = parked + ?,
       skipped = skipped + ? WHERE segment = ? AND position = ? AND epoch = ?
"""
_encode, _decode = msgspec.json.encode, msgspec.json.decode


class FileStore:
    """One generation of a projection in a file."""

    LABEL: ClassVar = "a file"
    ROOM: ClassVar = "in a file"
    LINGER: ClassVar = 0.0
    BUSY_LINGER: ClassVar = 0.0
    WITH_VIEWS: ClassVar = False
    WITH_DOCUMENTS: ClassVar = False
    COMMITS_WITH_PARKED: ClassVar = False

    def __init__(self, projection: Projection, generation: int, segments: int) -> None:
        self.epochs: dict[int, int] = {}
        self.path = Path(os.environ[DIRECTORY]) / f"{projection.name}-{generation}"
        self._tables = {table.name: table for table in projection.tables}
        self._segments = segments

    @classmethod
    def open(cls, servers: Servers, projection: Projection, generation: int, segments: int) -> Self:
        return cls(projection, generation, segments)

    @classmethod
    def validated(cls, projection: Projection, rows: Iterable[KeyedRow]) -> Iterator[KeyedRow]:
        for key, row in rows:
            encoded(key, row)
            yield key, row

    @contextmanager
    def _file(self) -> Iterator[sqlite3.Connection]:
        """The file in one transaction."""
        with closing(sqlite3.connect(self.path, timeout=30, isolation_level=None)) as file:
            file.executescript(TABLES)
            file.execute("BEGIN IMMEDIATE")
            for segment in range(self._segments):
                file.execute("INSERT OR IGNORE INTO segments (segment) VALUES (?)", [segment])
            yield file
            file.execute("COMMIT")

    async def create(self) -> None:
        await self.drop()

    async def index(self) -> None: ...

    async def drop(self) -> None:
        self.path.unlink(missing_ok=True)

    async def size(self) -> int:
        return self.path.stat().st_size

    async def point_readers(self, deadline: float | None = None) -> None: ...

    async def publish_live(self) -> None: ...

    async def is_published(self) -> bool:
        return True

    async def detach_readers(self) -> None: ...

    async def positions(self) -> Positions:
        with self._file() as file:
            return _positions(file)

    async def sweep(self, known: Callable[[], Awaitable[Collection[int]]]) -> list[str]:
        return []

    async def mark(self, segment: int) -> str:
        return ""

    async def claim(self, segment: int, epoch: int) -> int:
        with self._file() as file:
            file.execute("UPDATE segments SET epoch = ? WHERE segment = ?", (epoch, segment))
            self.epochs[segment] = epoch
            return _positions(file)[segment]

    async def forget(self, segment: int) -> None:
        with self._file() as file:
            for name in ("rows", "segments"):
                file.execute(f"DELETE FROM {name} WHERE segment = ?", [segment])

    async def write_segment(self, segment: int, rows: Iterable[KeyedRow]) -> int:
        with self._file() as file:
            file.execute("DELETE FROM rows WHERE segment = ?", [segment])
            _write(file, segment, rows)
        return 0

    async def note_ignored(self, segment: int, facts: int) -> None:
        with self._file() as file:
            file.execute("UPDATE segments SET ignored = ? WHERE segment = ?", (facts, segment))

    async def own_counts(self) -> dict[int, tuple[int, FactCounts]]:
        with self._file() as file:
            found = file.execute(f"SELECT segment, position, {', '.join(COUNTS)} FROM segments").fetchall()
        return {segment: (position, FactCounts(*counts)) for segment, position, *counts in found}

    async def healed(self) -> list[int]:
        return []

    async def load(self, keys: Needed) -> LoadedRows:
        with self._file() as file:
            return self._load(file, keys)

    async def look(self, keys: Needed) -> RowSnapshot:
        with self._file() as file:
            return RowSnapshot(_positions(file), self._load(file, keys), [])

    async def keys_with(self, table: Table, values: Mapping[str, str], segment: int) -> set[RowKey]:
        return set()

    async def save(self, batch: Batch) -> None:
        with self._file() as file:
            for segment, counts in batch.accounts.items():
                added = [getattr(counts, name) for name in COUNTS]
                place = segment, batch.before, self.epochs.get(segment)
                if not file.execute(SAVE, (batch.after, *added, *place)).rowcount:
                    raise Fenced
            for segment, rows in batch.rows.items():
                _write(file, segment, ((key, rows.rows[key]) for key in rows.changed))
            for segment, deleted in batch.deleted.items():
                for table, key in deleted:
                    row = segment, table.name, _encode(key)
                    file.execute("DELETE FROM rows WHERE segment = ? AND name = ? AND key = ?", row)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[tuple[Positions, Iterator[StoredRow]]]:
        with self._file() as file:
            positions, found = _positions(file), _documents(file)
        yield positions, (self._row(*each) for each in found)

    def _row(self, segment: int, name: str, document: bytes) -> StoredRow:
        table = self._tables[name]
        row: msgspec.Struct = _decode(document, type=table.row)
        return segment, RowKey(table, key_values(table, row)), row

    async def fields_of(self, table: Table) -> set[str]:
        return set(table.row.__struct_fields__)

    @asynccontextmanager
    async def plain_rows(self, tables: Sequence[Table]) -> AsyncIterator[tuple[Positions, Iterator[PlainRow]]]:
        with self._file() as file:
            positions, found = _positions(file), _documents(file)
        yield positions, ((segment, self._tables[name], _decode(document)) for segment, name, document in found)

    def _load(self, file: sqlite3.Connection, keys: Needed) -> LoadedRows:
        loaded: LoadedRows = {segment: {} for segment in keys}
        query = "SELECT document FROM rows WHERE segment = ? AND name = ? AND key = ?"
        for segment, wanted in keys.items():
            for key in wanted:
                found = file.execute(query, (segment, key.table.name, _encode(key.key))).fetchone()
                if found is not None:
                    loaded[segment][key] = _decode(found[0], type=key.table.row)
        return loaded


def _positions(file: sqlite3.Connection) -> Positions:
    return dict(file.execute("SELECT segment, position FROM segments").fetchall())


def _documents(file: sqlite3.Connection) -> list[Any]:
    return file.execute("SELECT segment, name, document FROM rows").fetchall()


def _write(file: sqlite3.Connection, segment: int, rows: Iterable[KeyedRow]) -> None:
    for key, row in rows:
        values = segment, key.table.name, _encode(key.key), encoded(key, row)
        file.execute("INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)", values)


class InFiles(InValkey):
    """Tallies in files; a process of a rebuild that gets this read model knows its store, too."""

    name = "tally_files"
    store = "files"

    def __reduce__(self) -> tuple[Callable[[], Projection], tuple[()]]:
        return in_files, ()


InFiles.handlers = {"progress.activity_recorded": Handler(InFiles.needs, InFiles.apply, writes=InFiles.tables)}


def in_files() -> Projection:
    """The read model, after its store was registered."""
    STORES["files"] = FileStore
    return InFiles()
