"""
The Parquet files of one range of positions, one for each type.

They are written under temporary names, which no reader takes for data, and get their own when they are complete and
safe on the disk. What waits to be written is bounded; the largest part of it goes first, so that few files are open.
"""

import os
from collections import defaultdict
from hashlib import file_digest
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from adapters.parquet.columns import IDS, SCHEMA
from adapters.parquet.manifest import File, folder_of, sync
from adapters.parquet.typed import schema_of, with_fields

LARGEST_BUFFER = 1 << 25  # bytes of columns that wait to be written
REPEATING: Any = ["stream_id", "stream_version", "type", "schema_version", "partition", "learner_id", *IDS, "source"]
ASCENDING = {"position": "DELTA_BINARY_PACKED", "recorded_at": "DELTA_BINARY_PACKED"}


class Piece:
    """
    The files for the positions after position *after*, up to and with *until*, below *directory*.

    Args:
        typed: whether each type's own fields become columns, too.

    Attributes:
        files: those that are complete.
        versions: the schema versions of each type.
    """

    def __init__(self, directory: Path, after: int, until: int, *, typed: bool = False) -> None:
        self.files: list[File] = []
        self.versions: dict[str, set[int]] = defaultdict(set)
        self._directory = directory
        self._typed = typed
        self._name = f"{after + 1:012d}-{until:012d}.parquet"
        self._parts: dict[str, Part] = {}

    def add(self, batch: pa.RecordBatch) -> None:
        """Add facts that come after those added before."""
        encoded: Any = batch.column("type").dictionary_encode()
        for number, type_name in enumerate(encoded.dictionary.to_pylist()):
            facts = batch.filter(pc.equal(encoded.indices, pa.scalar(number)))
            schema_versions: Any = facts.column("schema_version").unique()
            self.versions[type_name].update(schema_versions.to_pylist())
            part = self._parts.get(type_name)
            if part is None:
                place = self._directory / folder_of(type_name) / self._name
                part = self._parts[type_name] = Part(place, schema_of(type_name) if self._typed else SCHEMA)
            part.add(with_fields(facts, type_name) if self._typed else facts)
        while sum(part.waiting for part in self._parts.values()) > LARGEST_BUFFER:
            max(self._parts.values(), key=lambda part: part.waiting).flush()

    def finish(self) -> None:
        """Complete the files and give them their names."""
        for type_name, part in sorted(self._parts.items()):
            self.files.append(part.finish(type_name, self._directory))
        for folder in {part.path.parent for part in self._parts.values()}:
            sync(folder)
        sync(self._directory)

    def discard(self) -> None:
        """Remove what was not finished."""
        for part in self._parts.values():
            part.discard()


class Part:
    """
    One file on its way.

    Attributes:
        waiting: bytes that are not written yet.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self._schema = schema
        self.waiting = 0
        self._temporary = path.with_name(f".{path.name}.tmp")
        self._batches: list[pa.RecordBatch] = []
        self._writer: pq.ParquetWriter | None = None
        self._rows = self._first = self._last = 0

    def add(self, facts: pa.RecordBatch) -> None:
        """Add facts that come after those added before."""
        positions = facts.column("position")
        self._first = self._first or positions[0].as_py()
        self._last = positions[-1].as_py()
        self._rows += facts.num_rows
        self._batches.append(facts)
        self.waiting += facts.nbytes

    def flush(self) -> None:
        """Write what waits as one row group."""
        if self._writer is None:
            self.path.parent.mkdir(exist_ok=True)
            self._writer = pq.ParquetWriter(
                self._temporary,
                self._schema,
                compression="zstd",
                use_dictionary=REPEATING,
                column_encoding=ASCENDING,
                write_page_checksum=True,
            )
        self._writer.write_table(pa.Table.from_batches(self._batches, self._schema), row_group_size=self._rows)
        self._batches, self.waiting = [], 0

    def finish(self, type_name: str, directory: Path) -> File:
        """Complete the file, and give it its name below *directory*."""
        if self._batches:
            self.flush()
        self._close()
        with self._temporary.open("rb") as file:
            os.fsync(file.fileno())
            size, digest = os.fstat(file.fileno()).st_size, file_digest(file, "sha256").hexdigest()
        self._temporary.rename(self.path)
        path = str(self.path.relative_to(directory))
        return File(path, type_name, self._first, self._last, self._rows, size, digest)

    def discard(self) -> None:
        """Remove what was not finished."""
        try:
            self._close()
        finally:
            self._temporary.unlink(missing_ok=True)

    def _close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
