"""
What all folds of a projection share: a view that gives a handler its declared rows only, and what makes a fact poison.

The live fold, a rebuild's fold of a type that has failed, the replay of one row and the check of an analyst's class all
use it, so that a handler that asks for a row which it did not declare fails alike in each.
"""

from collections.abc import Collection
from typing import Any, Protocol

from domain.fact import Fact
from projections.engine.projection import Handler, Projection, RowKey, Rows, RowT, Table

FAILURES = (Exception, SystemExit)
"""What makes a fact poison if a handler raises it: one that would end the process is a failure like any other."""


class Unreadable(Fact, frozen=True, gc=False, kw_only=True):
    """
    A stored fact that this code cannot decode: poison for every projection that reads its type.

    Attributes:
        error: why, with the class of the exception.
        is_of_later_release: whether its type or version is one that this code does not know.
    """

    error: str
    is_of_later_release: bool = False


class UnreadableFact(Exception):
    """A reader of the log met a fact that cannot be decoded, and that it needs."""


class UndeclaredRow(Exception):
    """A handler asked for a row that it did not declare as needed, or changed a table that it did not declare."""


class Interrupted(Exception):
    """A fold cannot go on, whatever the fact is: a page or a spilled row cannot be read."""


class DeclaredRows(Rows):
    """A view of other *rows* for one fact after the other, each of which sees what its handler declares only."""

    def __init__(self, rows: Rows) -> None:
        self._edit, self._read = rows.edit, rows.read
        self._needed: Collection[RowKey] = ()
        self._writes: Collection[Table] = ()

    def begin(self, needed: Collection[RowKey], writes: Collection[Table]) -> None:
        """Let the next fact see the rows that it *needed*, and change those of tables in *writes* (empty: of all)."""
        self._needed, self._writes = needed, writes

    def edit(self, table: Table, row: type[RowT], *key: str | int) -> RowT:
        """The row, to be changed; raises UndeclaredRow."""
        if (table, key) not in self._needed:
            raise UndeclaredRow(f"row {key} of {table.name} was changed but not named as needed")
        if self._writes and table not in self._writes:
            raise UndeclaredRow(f"row {key} of {table.name} was changed, but its table is not among those written")
        return self._edit(table, row, *key)

    def read(self, table: Table, row: type[RowT], *key: str | int) -> RowT | None:
        """The row, not to be changed; raises UndeclaredRow."""
        if (table, key) not in self._needed:
            raise UndeclaredRow(f"row {key} of {table.name} was read but not named as needed")
        return self._read(table, row, *key)


class RestorableRows(Protocol):
    """Rows of which each can be put back to what it was."""

    def copy_of(self, key: RowKey) -> Any:
        """The row as it is now, for `put_back`."""
        ...

    def put_back(self, key: RowKey, row: Any) -> None:
        """Restore a row as `copy_of` has found it."""
        ...


class UndoableRows(DeclaredRows):
    """
    Declared rows that can be put back to what they were before the present fact.

    Args:
        rows: which a handler sees, such as the replica rows of *stored*.
        stored: where the rows are.
    """

    def __init__(self, rows: Rows, stored: RestorableRows) -> None:
        super().__init__(rows)
        self._stored = stored
        self._before: dict[RowKey, Any] = {}

    def begin(self, needed: Collection[RowKey] | BaseException, writes: Collection[Table]) -> None:
        """
        Begin with the next fact; the changes of the one before stay.

        Raises:
            BaseException: *needed* itself, if the rows could not be found out.
        """
        self._before = {}
        if isinstance(needed, BaseException):
            raise needed
        super().begin(needed, writes)

    def edit(self, table: Table, row: type[RowT], *key: str | int) -> RowT:
        """The row, to be changed; its present state is kept for `undo`."""
        row_key = RowKey(table, key)
        if row_key in self._needed and row_key not in self._before:
            self._before[row_key] = self._stored.copy_of(row_key)
        return super().edit(table, row, *key)

    def undo(self) -> None:
        """Put back what the present fact has changed."""
        for row_key, row in self._before.items():
            self._stored.put_back(row_key, row)
        self._before = {}


def needs_or_error(projection: Projection, fact: Fact) -> set[RowKey] | BaseException:
    """The rows that a fact needs, or why its handler cannot say."""
    try:
        return set(projection.handlers[fact.type].needs(fact))
    except FAILURES as error:
        return error


def apply_or_undo(
    handler: Handler, fact: Fact, needed: Collection[RowKey] | BaseException, rows: UndoableRows
) -> BaseException | None:
    """
    Apply a fact so that nothing is left of one that fails; returns why it fails, which makes it poison.

    Raises:
        Interrupted: the fold cannot go on.
    """
    try:
        rows.begin(needed, handler.writes)
        apply_readable(handler, fact, rows)
    except Interrupted:
        raise
    except FAILURES as error:
        rows.undo()
        return error
    return None


def apply_readable(handler: Handler, fact: Fact, rows: Rows) -> None:
    """Apply a fact; raises UnreadableFact for one that cannot be decoded."""
    if type(fact) is Unreadable:
        raise UnreadableFact(fact.error)
    handler.apply(fact, rows)
