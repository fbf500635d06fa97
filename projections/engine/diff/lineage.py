"""The facts that touch a row: which of the log's facts a projection lets touch it."""

from collections import deque
from collections.abc import Iterable
from datetime import datetime

import msgspec

from domain.fact import Fact
from projections.engine.projection import Projection, RowKey

SHOWN = 3  # facts named at either end


class FactRef(msgspec.Struct, frozen=True):
    """One fact, in short."""

    position: int
    type: str
    occurred_at: datetime

    def __str__(self) -> str:
        return f"{self.position:,} ({self.type}, {self.occurred_at:%Y-%m-%d})"


class TouchingFacts(msgspec.Struct, frozen=True):
    """The facts that touch a row: how many, the first few, and the last few that are not among the first."""

    count: int
    first: list[FactRef]
    last: list[FactRef]


class TouchCounter:
    """The facts that touch one row, gathered in log order; *shown* are kept at either end."""

    def __init__(self, shown: int = SHOWN) -> None:
        self._shown = shown
        self._count = 0
        self._first: list[FactRef] = []
        self._last: deque[FactRef] = deque(maxlen=shown)

    def add(self, fact: Fact) -> None:
        """Count in a fact that touches the row."""
        self._count += 1
        (self._first if len(self._first) < self._shown else self._last).append(ref(fact))

    def result(self) -> TouchingFacts:
        """What has come so far."""
        return TouchingFacts(self._count, self._first, list(self._last))


def facts_touching(projection: Projection, key: RowKey, facts: Iterable[Fact], *, shown: int = SHOWN) -> TouchingFacts:
    """
    Those of *facts* whose handler names the row as needed; a row that a fact only reads counts as well.

    Args:
        key: its table is known by its name, so that it may be that of another version.
        facts: in log order; those at which the handler fails are passed over.
        shown: how many to name at either end.
    """
    found = TouchCounter(shown)
    for fact in facts:
        if is_needed(key, needs_of(projection, fact)):
            found.add(fact)
    return found.result()


def ref(fact: Fact) -> FactRef:
    """The fact, in short."""
    return FactRef(fact.position, fact.type, fact.occurred_at)


def needs_of(projection: Projection, fact: Fact) -> set[RowKey]:
    """The rows that a fact needs; none if the projection does not read it, or fails at it."""
    handler = projection.handlers.get(fact.type)
    if handler is None:
        return set()
    try:
        return set(handler.needs(fact))
    except Exception:  # noqa: BLE001 - whatever a handler raises makes the fact poison, which touches nothing
        return set()


def is_needed(key: RowKey, needs: Iterable[RowKey]) -> bool:
    """Whether a row is among *needs*, in a table of the same name."""
    return any(need.key == key.key and need.table.name == key.table.name for need in needs)
