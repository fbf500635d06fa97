"""
An analyst's projection over the real log, by the code that rebuilds read models: nothing of the campus is changed.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
import polars as pl
import pyarrow as pa

from adapters.frames import frame_of
from adapters.stores.fresh_fold import fresh_fold, rows_of
from campuslog.errors import BadProjection
from campuslog.parquet_sink import ParquetSink
from campuslog.progress_bar import reporting
from projections.engine.bulk.fresh import FoldTarget, FreshFold
from projections.engine.bulk.pages import PageSource
from projections.engine.live import ChangedKey, Exclusions, Poison, RowRejected
from projections.engine.projection import Projection, RowKey


class Rebuilt:
    """
    The rows of a projection: `result.late_learners` is the table of that name, a polars.DataFrame.

    Attributes:
        position: of the last fact of the log that was looked at.
        as_of: the time by which the facts had happened, as it was asked for; empty for all up to `position`.
        facts: how many of them the projection reads.
        parked: facts at which the projection failed, with the error and its trace; later facts of the same key (the
            learner, else the stream) were left out, as they would wait in a campus.
        files: a dict from the name of each table to its Parquet file, if they were asked for.
    """

    def __init__(
        self,
        name: str,
        position: int,
        facts: int,
        parked: list[Poison],
        tables: dict[str, pl.DataFrame],
        *,
        as_of: str = "",
    ) -> None:
        self.name = name
        self.as_of = as_of
        self.position = position
        self.facts = facts
        self.parked = parked
        self.files: dict[str, Path] = {}
        self._tables = tables

    def __getattr__(self, table: str) -> pl.DataFrame:
        """A table."""
        if table in self.__dict__.get("_tables", {}):
            return self._tables[table]
        raise AttributeError(f"there is no table {table}: there are {', '.join(self.__dict__.get('_tables', {}))}")

    def __getitem__(self, table: str) -> pl.DataFrame:
        """A table whose name is in a variable."""
        frame: pl.DataFrame = getattr(self, table)
        return frame

    def __dir__(self) -> list[str]:
        """The tables, and the attributes."""
        return [*self._tables, "arrow", "as_of", "facts", "files", "name", "parked", "position"]

    def __repr__(self) -> str:
        """What is in it."""
        tables = ", ".join(f"{name} ({len(frame):,} rows)" for name, frame in self._tables.items())
        parked = f", {len(self.parked):,} keys parked" if self.parked else ""
        place = f"as of {self.as_of}" if self.as_of else f"up to position {self.position:,}"
        return f"<{self.name} {place}: {tables}; {self.facts:,} facts read{parked}>"

    def arrow(self, table: str) -> pa.Table:
        """A table for Arrow."""
        return self[table].to_arrow(compat_level=pl.CompatLevel.oldest())

    def write(self, directory: str | Path) -> None:
        """
        Write each table as `TABLE.parquet`; a file of before is replaced when the new one is whole.

        Raises:
            NotWritten: the directory cannot be made, or written to.
        """
        sink = ParquetSink(directory)
        for name, frame in self._tables.items():
            self.files[name] = sink.write(name, frame)


class Cut(NamedTuple):
    """The facts of *source*, up to where they are folded; `as_of` is the time that was asked for, in words."""

    source: PageSource
    position: int
    as_of: str = ""


def target_of(projection: Projection, cut: Cut) -> FoldTarget:
    """All of a projection, up to one position."""
    return FoldTarget(projection, dict.fromkeys(range(projection.segments), cut.position), Exclusions())


@contextmanager
def folded(source: PageSource, targets: Sequence[FoldTarget], *, progress: bool) -> Iterator[FreshFold]:
    """
    The log folded for projections that `definition.prepared` has looked over, all in one pass, while a bar is shown.

    Raises:
        BadProjection: a class is wrong in a way that only facts have shown.
    """
    total, done = max(targets[0].positions.values()), 0
    with reporting(f"folding {targets[0].projection.name}", shown=progress) as report:

        def advance(positions: int) -> None:
            nonlocal done
            done += positions
            report(done, total)

        with fresh_fold(source, targets, advance) as fold:
            yield fold


@contextmanager
def refused(projection: Projection) -> Iterator[None]:
    """Name the class whose rows do not fit; raises BadProjection."""
    try:
        yield
    except (ChangedKey, RowRejected) as error:
        raise BadProjection(f"{type(projection).__name__}: {error}") from error


def result_of(fold: FreshFold, target: FoldTarget, cut: Cut) -> Rebuilt:
    """The result of a fold of *cut* for one projection; raises BadProjection for rows that do not fit their class."""
    projection = target.projection
    with refused(projection):
        tables = _tables(projection, rows_of(fold, target))
    return Rebuilt(projection.name, cut.position, fold.facts(target), fold.poison(target), tables, as_of=cut.as_of)


def _tables(projection: Projection, rows: Iterator[tuple[RowKey, msgspec.Struct]]) -> dict[str, pl.DataFrame]:
    """A frame for each table, its rows in the order of their keys."""
    by_table: dict[str, list[tuple[RowKey, msgspec.Struct]]] = {table.name: [] for table in projection.tables}
    for key, row in rows:
        by_table[key.table.name].append((key, row))
    frames = {}
    for table in projection.tables:
        found = sorted(by_table[table.name], key=lambda each: each[0].key)
        try:
            frames[table.name] = frame_of(table.row, [row for _, row in found])
        except (TypeError, OverflowError, pl.exceptions.PolarsError) as error:
            name = type(projection).__name__
            raise BadProjection(f"{name}: the rows of {table.name} do not fit {table.row.__name__}: {error}") from error
    return frames
