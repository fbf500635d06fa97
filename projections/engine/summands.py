"""
Why a number that adds up over many keys has its value: what the facts of each key, and of each day, have added to it.

No projection knows of it: its handlers are called as ever, and the number is looked at before and after each fact.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from domain.fact import Fact
from projections.engine.projection import Handler, Projection, RowKey, Rows


class Summands(msgspec.Struct):
    """
    What has made a number.

    Attributes:
        value: of the whole row, as readers see it; None if there is no such number.
        by_key, by_day: what the facts of each key (a learner; else a stream) and of each day (UTC) have added to it.
        types: by type of fact, how many have changed it.
        failed: keys that wait at a fact at which the rule fails.
    """

    value: float | None = None
    by_key: dict[str, float] = {}
    by_day: dict[int, float] = {}
    types: dict[str, int] = {}
    failed: int = 0

    def parts(self, by: str) -> list[tuple[str, float]]:
        """What was added, by `key`, the greatest part first, or by `day` (ISO), in their order."""
        if by == "day":
            return [(date.fromordinal(day).isoformat(), added) for day, added in self.by_day.items()]
        return sorted(self.by_key.items(), key=lambda each: (-abs(each[1]), each[0]))

    @property
    def adds_up(self) -> bool:
        """Whether both lists add up to the value."""
        sums = {round(sum(parts.values()), 6) for parts in (self.by_key, self.by_day)}
        return sums == {round(self.value or 0, 6)}


class SummandWatch:
    """
    Watches one number of one row while facts are folded.

    Args:
        path: a field, or a field and the name of one of the counts in it.
        valid_at: facts that happened later are left out.
    """

    def __init__(
        self, projection: Projection, row: RowKey, path: Sequence[str], valid_at: datetime | None = None
    ) -> None:
        self._row, self._path, self._valid_at = row, tuple(path), valid_at
        self._last = 0
        self._by_key, self._by_day = Counter[str](), Counter[int]()
        self._types = Counter[str]()
        of_types = projection.handlers.items()
        handlers = {name: handler._replace(apply=self._watched(handler)) for name, handler in of_types}
        watched = type(type(projection).__name__, (type(projection),), {"handlers": handlers})
        self.projection: Projection = watched()

    def _watched(self, handler: Handler) -> Callable[[Fact, Rows], None]:
        apply, valid_at = handler.apply, self._valid_at
        if handler.writes and self._row.table not in handler.writes:
            return apply if valid_at is None else _up_to(valid_at, apply)

        def watched(fact: Fact, rows: Rows) -> None:
            before = self._number(rows)
            apply(fact, rows)
            after = self._number(rows)
            if after != before:
                self._note(fact, after - before)

        return watched if valid_at is None else _up_to(valid_at, watched)

    def _number(self, rows: Rows) -> float:
        row = rows.read(self._row.table, self._row.table.row, *self._row.key)
        return 0 if row is None else number_at(row, self._path) or 0

    def _note(self, fact: Fact, added: float) -> None:
        if fact.position <= self._last:  # the fold has begun again
            self._by_key.clear()
            self._by_day.clear()
            self._types.clear()
        self._last = fact.position
        self._by_key[fact.key] += added  # type: ignore[assignment]
        self._by_day[fact.day] += added  # type: ignore[assignment]
        self._types[fact.type] += 1

    def summands(self, row: msgspec.Struct | None, failed: int = 0) -> Summands:
        """What was found, for the whole row at the end of the fold; *failed* is how many keys wait."""
        value = None if row is None else number_at(row, self._path)
        by_key: Mapping[str, float] = {key: added for key, added in self._by_key.items() if added}
        by_day: Mapping[int, float] = {day: added for day, added in self._by_day.items() if added}
        return Summands(value, dict(by_key), dict(sorted(by_day.items())), dict(sorted(self._types.items())), failed)


def number_at(row: msgspec.Struct, path: Sequence[str]) -> float | None:
    """The number of a field, or of one of the counts in it; None if there is none."""
    value: Any = getattr(row, path[0])
    if len(path) > 1:  # the name of a count may have a slash in it
        value = value.get("/".join(path[1:])) if isinstance(value, dict) else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _up_to(valid_at: datetime, apply: Callable[[Fact, Rows], None]) -> Callable[[Fact, Rows], None]:
    def happened(fact: Fact, rows: Rows) -> None:
        if fact.occurred_at <= valid_at:
            apply(fact, rows)

    return happened
