"""Comparisons in a temporary database of their own."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from adapters.spill import SqliteDatabase
from projections.engine.diff.compare import ComparedRow, Comparison, Diff
from projections.engine.projection import RowKey, Table


class DiffInput(NamedTuple):
    """One side of a comparison: its tables, even if they are empty, and the rows that readers see."""

    tables: Sequence[Table]
    rows: Iterable[tuple[RowKey, ComparedRow]]


@contextmanager
def compare(old: DiffInput, new: DiffInput) -> Iterator[Diff]:
    """The differences of two versions."""
    with Comparison(old.tables, new.tables, SqliteDatabase()) as comparison:
        for key, row in old.rows:
            comparison.add_old(key, row)
        for key, row in new.rows:
            comparison.add_new(key, row)
        yield comparison.finish()
