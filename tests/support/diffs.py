"""Comparisons in a temporary database of their own."""

from contextlib import AbstractContextManager

from adapters.spill import SqliteDatabase
from projections.engine.diff import compare as engine
from projections.engine.diff.compare import Diff, DiffInput


def compare(old: DiffInput, new: DiffInput) -> AbstractContextManager[Diff]:
    """The differences of two versions."""
    return engine.compare(old, new, SqliteDatabase())
