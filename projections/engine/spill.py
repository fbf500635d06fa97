"""
What a fold and a comparison ask of a temporary store: rows that do not fit into memory (adapters/spill.py keeps them).
"""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from projections.engine.rows import Interrupted


class SpillFailed(Interrupted):
    """The temporary store could not be written or read: no fault of the fact that is folded."""


class TemporaryDatabase(Protocol):
    """A private SQLite database that vanishes when it is closed; every method raises SpillFailed."""

    def run(self, script: str) -> None:
        """Run some statements, such as those that create tables."""
        ...

    def append(self, statement: str, values: Sequence[Any]) -> None:
        """Run *statement* for a row; rows are written in bunches, and all before the next `select`."""
        ...

    def select(self, query: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a query."""
        ...

    def close(self) -> None:
        """Throw everything away."""
        ...
