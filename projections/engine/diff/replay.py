"""
The history of one row: its facts folded step by step.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from domain.fact import Fact
from projections.engine.diff.compare import plain_fields
from projections.engine.diff.lineage import is_needed, needs_of
from projections.engine.projection import Handler, Projection, RowKey, Rows
from projections.engine.rows import UndoableRows, apply_or_undo

RowState = dict[str, Any] | None
"""The fields of a row as plain JSON, without its key; None where there is no row."""

Waiting = Mapping[str, int]
"""Keys that are parked in the segment of the row, and the position of the first fact of each that waits."""

Apply = Callable[[Handler, Fact, Collection[RowKey], UndoableRows], BaseException | None]

_encode = msgspec.json.Encoder(order="sorted").encode


class FoldStep(NamedTuple):
    """A fact, the rows that it needs, and whether the row that is explained is one of them."""

    fact: Fact
    needs: set[RowKey]
    touches: bool


class Replay:
    """
    The fold of one row's facts.

    Attributes:
        touching: the facts that need the row, in log order; without those at which the projection fails, and those that
            therefore wait. Facts on which it depends only through rows that these read are folded, too.
        states: the content of the row before the first of these and after each.
    """

    def __init__(self, projection: Projection, key: RowKey, facts: Sequence[Fact], waiting: Waiting) -> None:
        self._table = next(table for table in projection.tables if table.name == key.table.name)
        self._key = RowKey(self._table, key.key)
        self.touching: list[FoldStep] = []
        self.states: list[RowState] = [None]
        for step, row, error in fold_steps(projection, self._key, facts, waiting):
            if error is None and step.touches:
                self.touching.append(step)
                self.states.append(self.state(row))

    def blank(self) -> dict[str, Any]:
        """The content of the row when nothing has happened to it."""
        return plain_fields(self._table, self._table.row(*self._key.key))

    def state(self, row: msgspec.Struct | None) -> RowState:
        """The content of a row."""
        return None if row is None else plain_fields(self._table, row)


def fold_steps(
    projection: Projection,
    key: RowKey,
    facts: Sequence[Fact],
    waiting: Waiting,
    apply: Apply = apply_or_undo,
) -> Iterator[tuple[FoldStep, msgspec.Struct | None, BaseException | None]]:
    """
    Fold step by step; yields each fact on which the row depends, the row after it, and why the fact has failed.

    A fact that fails changes nothing, and lets all later ones of its key wait, as live; these are not among the steps.

    Args:
        apply: how a fact is applied, `apply_or_undo` or what looks on while it runs.
    """
    steps = [FoldStep(fact, needs, is_needed(key, needs)) for fact in facts if (needs := needs_of(projection, fact))]
    rows, waits = Rows(), dict(waiting)
    view = UndoableRows(rows, rows)
    for step in _reaching(key, steps):
        fact = step.fact
        if fact.position >= waits.get(fact.key, fact.position + 1):
            continue
        error = apply(projection.handlers[fact.type], fact, step.needs, view)
        if error is not None:
            waits[fact.key] = fact.position
        yield step, rows.rows.get(key), error


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """The names of the fields that are not the same."""
    return [name for name in {**one, **other} if not same(one.get(name), other.get(name))]


def same(one: Any, other: Any) -> bool:
    """Whether two plain values are the same JSON; 1, 1.0 and true are not."""
    return _encode(one) == _encode(other)


def _reaching(key: RowKey, steps: list[FoldStep]) -> list[FoldStep]:
    """The steps on which a row depends: those that need it, and those that need what these need."""
    rows, reached = {key}, -1
    while reached < len(rows):
        reached = len(rows)
        for step in steps:
            if not rows.isdisjoint(step.needs):
                rows |= step.needs
    return [step for step in steps if not rows.isdisjoint(step.needs)]
