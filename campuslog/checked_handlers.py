"""
An analyst's handlers, checked: the first fact that shows a mistake in the class ends the fold with a sentence.

Live, a projection gets only those rows that `needs` has named. A fold over the whole log has all rows, and
would not notice that one was not named; so each look at a row is checked here.
"""

from dataclasses import dataclass
from typing import Any

from campuslog.errors import BadProjection
from domain.fact import Fact
from projections.engine.projection import Handler, Projection, Rows, RowT, Table
from projections.engine.rows import DeclaredRows


@dataclass
class AtHand:
    """The fact that is being folded, or was last."""

    fact: Fact | None = None

    def __str__(self) -> str:
        """Where it is, for a sentence; empty before the first."""
        return "" if self.fact is None else f"position {self.fact.position:,}, {self.fact.type} of {self.fact.key}"


def watch(projection: Projection, at_hand: AtHand | None = None) -> Projection:
    """The same projection, which raises BadProjection where its class is wrong, and keeps what is *at_hand*."""
    name, at_hand = type(projection).__name__, at_hand or AtHand()
    watched = {
        kind: handler._replace(apply=_Apply(name, handler, at_hand)) for kind, handler in projection.handlers.items()
    }
    setattr(projection, "handlers", watched)  # noqa: B010 - of this instance alone; the class keeps its own
    return projection


class _Apply:
    """What a handler does to its rows, and to no others."""

    def __init__(self, projection: str, handler: Handler, at_hand: AtHand) -> None:
        self._projection = projection
        self._handler = handler
        self._at_hand = at_hand

    def __call__(self, fact: Fact, rows: Rows) -> None:
        self._at_hand.fact = fact
        needed = self._handler.needs(fact)
        view = _CheckedRows(rows, fact, self._projection)
        view.begin(set(needed), self._handler.writes)
        self._handler.apply(fact, view)


class _CheckedRows(DeclaredRows):
    """Declared rows, each asked for as what it is; a mistake is a sentence for the analyst."""

    def __init__(self, rows: Rows, fact: Fact, projection: str) -> None:
        super().__init__(rows)
        self._fact, self._projection = fact, projection

    def edit(self, table: Table, row: type[RowT], *key: str | int) -> RowT:
        """The row, to be changed."""
        self._check(table, row, key)
        if self._writes and table not in self._writes:
            raise BadProjection(
                f"{self._projection}: at position {self._fact.position} ({self._fact.type}), the handler changes"
                f" {table.name}, which is not among the tables that it writes: add it to `writes`"
            )
        return super().edit(table, row, *key)

    def read(self, table: Table, row: type[RowT], *key: str | int) -> RowT | None:
        """The row, not to be changed."""
        self._check(table, row, key)
        return super().read(table, row, *key)

    def _check(self, table: Table, row: type[Any], key: tuple[str | int, ...]) -> None:
        at = f"{self._projection}: at position {self._fact.position} ({self._fact.type}), the handler"
        if (table, key) not in self._needed:
            raise BadProjection(f"{at} asks for row {key} of {table.name}, which its needs do not name")
        if row is not table.row:
            raise BadProjection(
                f"{at} asks for a {row.__name__} of {table.name}, whose rows are of class {table.row.__name__}"
            )
