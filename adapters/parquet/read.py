"""
Reads an export of the log: a dataset for analysts, and every fact in the order of the log.

Only the files that the manifest names are read, so an export that is under way, or was killed, is never seen half.
What was opened stays as it was: a later export adds files and changes none.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from adapters.parquet.columns import ID_SOURCES, SCHEMA, ids_of_facts
from adapters.parquet.manifest import ExportError, File, Manifest, overlapping

WINDOW = 1 << 14  # positions in one batch; divides a block of the digest
END = 2**63 - 1


class Export:
    """
    An export as it was when it was opened.

    Attributes:
        position: up to which it holds every fact of the log.
    """

    def __init__(self, directory: Path, manifest: Manifest) -> None:
        self.directory = directory
        self.manifest = manifest
        self.position = manifest.position

    @classmethod
    def open(cls, directory: Path) -> "Export":
        """
        The export in *directory*.

        Raises:
            ExportError: there is none, or its manifest is damaged or does not add up.
        """
        manifest = Manifest.load(directory)
        manifest.check(directory)
        return cls(directory, manifest)

    def files(self, types: Collection[str] | None = None, after: int = 0, until: int = END) -> list[File]:
        """The files that may hold facts of *types* after position *after*, up to and with *until*."""
        files = overlapping(self.manifest.files, after, until)
        return [file for file in files if types is None or file.type in types]

    def dataset(
        self,
        *,
        types: Collection[str] | None = None,
        after: int = 0,
        until: int = END,
        since: datetime | None = None,
        before: datetime | None = None,
        learner: str | None = None,
    ) -> ds.Dataset:
        """
        The facts as a dataset with the columns of `SCHEMA`; each type in the order of the log, type after type.

        In files of an older export, `run_id`, `quiz_id` and `course_id` are null until the next `campus log export`.

        Args:
            types: only these.
            after: only facts after this position.
            until: only facts up to and with this position.
            since: only what happened then or later.
            before: only what happened earlier.
            learner: only what concerns this learner.
        """
        paths = [str(self.directory / file.path) for file in self.files(types, after, until)]
        found: ds.Dataset = ds.dataset(paths, schema=SCHEMA, format="parquet") if paths else _nothing()
        conditions = []
        if after > 0 or until < self.position:
            conditions.append((ds.field("position") > after) & (ds.field("position") <= min(until, END)))
        if since is not None:
            conditions.append(ds.field("occurred_at") >= since)
        if before is not None:
            conditions.append(ds.field("occurred_at") < before)
        if learner is not None:
            conditions.append(ds.field("learner_id") == learner)
        for condition in conditions:
            found = found.filter(condition)
        return found

    def batches(
        self,
        *,
        types: Collection[str] | None = None,
        after: int = 0,
        until: int = END,
        columns: Sequence[str] = tuple(SCHEMA.names),
        where: pc.Expression | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """
        The facts after position *after*, up to and with *until*, in the order of the log: merged across types.

        Each batch holds the facts of one window of positions, of which it lacks those that are not wanted;
        a window without any is left out. In memory is one window, and a row group of each type.

        Args:
            columns: those that are wanted, in the order wanted.
            where: only facts for which this is true; it may speak of columns that are wanted.

        Raises:
            ExportError: a file is missing or cannot be read.
        """
        until = min(until, self.position)
        read = list(dict.fromkeys([*columns, "position"]))
        waiting = sorted(self.files(types, after, until), key=lambda file: file.first, reverse=True)
        open_files: list[_Cursor] = []
        while after < until and (waiting or open_files):
            end = min((after // WINDOW + 1) * WINDOW, until)
            while waiting and waiting[-1].first <= end:
                open_files.append(_Cursor(self.directory / waiting.pop().path, after, read))
            parts = [batch for cursor in open_files for batch in cursor.take(end)]
            open_files = [cursor for cursor in open_files if not cursor.done]
            yield from _in_order(parts, columns, where)
            after = end


class _Cursor:
    """One file, read window by window."""

    def __init__(self, path: Path, after: int, columns: list[str]) -> None:
        self.done = False
        self._path = path
        self._after = after
        self._batches = self._read(columns)
        self._rest: pa.RecordBatch | None = None

    def take(self, until: int) -> list[pa.RecordBatch]:
        """The facts after those taken before, up to and with *until*."""
        taken: list[pa.RecordBatch] = []
        while not self.done:
            batch = self._rest if self._rest is not None else next(self._batches, None)
            if batch is None:
                self.done = True
                break
            within = _up_to(batch, until)
            if within:
                taken.append(batch.slice(0, within))
            self._rest = batch.slice(within) if within < batch.num_rows else None
            if self._rest is not None:
                break
        return taken

    def _read(self, columns: list[str]) -> Iterator[pa.RecordBatch]:
        try:
            with pq.ParquetFile(self._path, page_checksum_verification=True) as file:
                place = file.schema_arrow.get_field_index("position")
                lacking = [name for name in columns if name not in file.schema_arrow.names]
                read = list(dict.fromkeys([*columns, *ID_SOURCES])) if lacking else columns
                stored = [name for name in read if name not in lacking]
                for number in range(file.num_row_groups):
                    statistics = file.metadata.row_group(number).column(place).statistics
                    if statistics is not None and statistics.has_min_max and cast(int, statistics.max) <= self._after:
                        continue
                    for batch in file.iter_batches(batch_size=WINDOW, row_groups=[number], columns=stored):
                        before = _up_to(batch, self._after)
                        if before < batch.num_rows:
                            yield _completed(batch.slice(before), lacking, columns)
        except (OSError, pa.ArrowException) as error:
            raise ExportError(f"{self._path} cannot be read: {error}") from error


def _completed(batch: pa.RecordBatch, lacking: Sequence[str], columns: list[str]) -> pa.RecordBatch:
    """*batch* with the columns that a file of an older export lacks."""
    if not lacking:
        return batch.select(columns)
    ids = ids_of_facts(*(batch.column(name) for name in ID_SOURCES))
    return pa.RecordBatch.from_arrays(
        [ids[name] if name in lacking else batch.column(name) for name in columns],
        schema=pa.schema([SCHEMA.field(name) for name in columns]),
    )


def _up_to(batch: pa.RecordBatch, position: int) -> int:
    """How many facts of *batch*, which is in the order of the log, are not after *position*."""
    return pc.less_equal(batch.column("position"), pa.scalar(position)).true_count


def _in_order(
    parts: Sequence[pa.RecordBatch], columns: Sequence[str], where: pc.Expression | None
) -> Iterator[pa.RecordBatch]:
    """One batch of those facts of *parts* that are wanted, or none."""
    if not parts:
        return
    facts = pa.Table.from_batches(parts)
    if where is not None:
        facts = facts.filter(where)
    if facts.num_rows:
        ordered = facts.take(pc.sort_indices(facts["position"])).combine_chunks()
        yield ordered.to_batches()[0].select(list(columns))


def _nothing() -> ds.Dataset:
    return ds.dataset(SCHEMA.empty_table())
