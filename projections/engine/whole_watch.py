"""
Why a field of a row has its value, where the facts of any key may change the row: the fold of the whole log, watched.

A read model that is not divided by key, as an analyst's own is unless it says so, has no facts of a row that could be
folded alone: a handler may read any other row.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from domain.fact import Fact
from projections.engine.diff.replay import same
from projections.engine.live import Poison
from projections.engine.projection import Handler, Projection, RowKey, Rows
from projections.engine.watch import Change, Failed, Watched, function_of, value_at

MOST_CHANGES = 10_000  # that are kept, the first ones


class ValueWatch:
    """
    Watches one field of one row while all facts are folded.

    Args:
        path: as for `projections.engine.watch.watch`.
        valid_at: facts that happened later are left out.
    """

    def __init__(
        self, projection: Projection, row: RowKey, path: Sequence[str], valid_at: datetime | None = None
    ) -> None:
        self._row, self._path, self._valid_at = row, tuple(path), valid_at
        self._blank = value_at(row.table.row(*row.key), self._path)
        self._begin()
        of_types = projection.handlers.items()
        handlers = {name: handler._replace(apply=self._watched(handler)) for name, handler in of_types}
        watched = type(type(projection).__name__, (type(projection),), {"handlers": handlers})
        self.projection: Projection = watched()
        self._handlers = projection.handlers

    def _begin(self) -> None:
        self._last, self._touching = 0, 0
        self._changes: list[tuple[int, str, Any, Any]] = []
        self._value: Any = self._blank

    def _watched(self, handler: Handler) -> Callable[[Fact, Rows], None]:
        target, valid_at = self._row, self._valid_at

        def watched(fact: Fact, rows: Rows) -> None:
            if valid_at is not None and fact.occurred_at > valid_at:
                return
            handler.apply(fact, rows)
            if any(key == target for key in handler.needs(fact)):
                self._look(fact, rows)

        return watched

    def _look(self, fact: Fact, rows: Rows) -> None:
        if fact.position <= self._last:  # the fold has begun again
            self._begin()
        self._last = fact.position
        row = rows.read(self._row.table, self._row.table.row, *self._row.key)
        if row is None:
            return
        self._touching += 1
        value = value_at(row, self._path)
        if not same(value, self._value):
            if len(self._changes) < MOST_CHANGES:
                self._changes.append((fact.position, fact.type, self._value, value))
            self._value = value

    @property
    def positions(self) -> list[int]:
        """Those of the facts that have changed the field."""
        return [position for position, *_ in self._changes]

    def result(self, row: msgspec.Struct | None, facts: Mapping[int, Fact], poison: Sequence[Poison] = ()) -> Watched:
        """
        What was found, for the row at the end of the fold.

        Args:
            facts: those at `positions`: the ones of the fold are gone with their pages.
            poison: the facts at which the rule has failed.
        """
        types = dict.fromkeys(type_name for _, type_name, _, _ in self._changes)
        return Watched(
            value=self._blank if row is None else value_at(row, self._path),
            exists=row is not None,
            changes=[Change(facts[position], before, after) for position, _, before, after in self._changes],
            touching=self._touching,
            failed=[Failed(each, each.error) for each in poison],
            ran={name: [function_of(self._handlers[name].apply)] for name in types},
        )
