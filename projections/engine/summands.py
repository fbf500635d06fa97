"""
Why a number has its value that adds up over many keys: what the facts of each key, and of each day, have added to it.

No projection knows of it: its handlers are called as ever, and the number is looked at before and after each fact. It
may be that of one row, or one that is added up over several rows when it is read.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from operator import attrgetter
from typing import Any, Literal, NamedTuple

import msgspec

from domain.fact import Fact
from domain.registry import REFERENCE_FACTS
from domain.streams import PARTITIONS
from projections.engine.distribution import segment_of
from projections.engine.projection import Handler, KeyedRow, KeyValues, Projection, RowKey, Rows, Table

Number = int | float


class Term(NamedTuple):
    """
    A number of a row that counts, or several in it.

    Attributes:
        field: of the row.
        name: of the count that is meant, if the field has counts by name; *pattern* is that of the names of several.
        sign: -1 if it is taken away.
    """

    field: str
    name: str | None = None
    pattern: str | None = None
    sign: Literal[1, -1] = 1

    def of(self, row: msgspec.Struct) -> Number | None:
        """The number; None if there is none."""
        value: Any = getattr(row, self.field)
        if self.name is not None:
            value = value.get(self.name) if isinstance(value, dict) else None
        elif self.pattern is not None:
            fits = re.compile(self.pattern).fullmatch
            value = sum(number for name, number in value.items() if fits(name)) if isinstance(value, dict) else None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return self.sign * value if is_number else None


class Condition(NamedTuple):
    """What a row has in a field: just this value, another one, this or an earlier one, or a text that begins so."""

    field: str
    relation: Literal["is", "is not", "up to", "begins with"]
    value: Any

    def holds(self, value: Any) -> bool:
        """Whether it is true of a value."""
        if self.relation == "begins with":
            return str(value).startswith(self.value)
        if self.relation == "up to":
            return bool(value <= self.value)
        return (value == self.value) is (self.relation == "is")


class Added(NamedTuple):
    """
    A number that is added up over rows.

    Attributes:
        table: of the rows.
        conditions: which of them; none for all.
        terms: what counts of each.
    """

    table: Table
    conditions: tuple[Condition, ...]
    terms: tuple[Term, ...]

    @classmethod
    def of_row(cls, row: RowKey, *terms: Term) -> "Added":
        """Numbers of one row."""
        named = zip(row.table.key, row.key, strict=True)
        return cls(row.table, tuple(Condition(field, "is", value) for field, value in named), terms)

    @property
    def row(self) -> RowKey | None:
        """The row, if it can be one only."""
        values = {each.field: each.value for each in self.conditions if each.relation == "is"}
        is_one = set(self.table.key) <= set(values)
        return RowKey(self.table, tuple(values[field] for field in self.table.key)) if is_one else None

    def may_count(self, key: KeyValues) -> bool:
        """Whether a row with this key may count; other fields are looked at when it is whole."""
        at = {field: place for place, field in enumerate(self.table.key)}
        return all(each.holds(key[at[each.field]]) for each in self.conditions if each.field in at)

    def counts(self, row: msgspec.Struct) -> bool:
        """Whether a row counts."""
        return all(each.holds(getattr(row, each.field)) for each in self.conditions)

    def number(self, row: msgspec.Struct) -> Number | None:
        """What a row gives; None if it has none of the numbers."""
        found = [number for term in self.terms if (number := term.of(row)) is not None]
        return sum(found) if found else None


def quick_number(added: Added) -> Callable[[msgspec.Struct], Number]:
    """What a row gives, 0 if nothing, as a function that costs little where there is one term: for every fact."""
    if len(added.terms) == 1 and (term := added.terms[0]).sign == 1 and term.pattern is None:
        number: Callable[[Any], Any] = attrgetter(term.field)
        name = term.name
        return number if name is None else lambda row: number(row).get(name, 0)
    return lambda row: added.number(row) or 0


class Summands(msgspec.Struct):
    """
    What has made a number.

    Attributes:
        value: of the whole rows, as readers see them; None if there is no such number.
        by_key, by_day: what the facts of each key (a learner; else a stream) and of each day (UTC) have added to it.
        types: by type of fact, how many have changed it.
        failed: keys that wait at a fact at which the rule fails.
    """

    value: Number | None = None
    by_key: dict[str, Number] = {}
    by_day: dict[int, Number] = {}
    types: dict[str, int] = {}
    failed: int = 0

    def parts(self, by: str) -> list[tuple[str, Number]]:
        """What was added, by `key`, the greatest part first, or by `day` (ISO), in their order."""
        if by == "day":
            return [(date.fromordinal(day).isoformat(), added) for day, added in self.by_day.items()]
        return sorted(self.by_key.items(), key=lambda each: (-abs(each[1]), each[0]))

    @property
    def adds_up(self) -> bool:
        """Whether both lists add up to the value."""
        sums = {round(sum(parts.values()), 6) for parts in (self.by_key, self.by_day)}
        return sums == {round(self.value or 0, 6)}


class OfRow:
    """What facts have added to the number of one row."""

    def __init__(self) -> None:
        self.by_key, self.by_day, self.types = Counter[str](), Counter[int](), Counter[str]()

    def note(self, fact: Fact, added: Number) -> None:
        """A fact has added so much."""
        self.by_key[fact.key] += added  # type: ignore[assignment]
        self.by_day[fact.day] += added  # type: ignore[assignment]
        self.types[fact.type] += 1


class SummandWatch:
    """
    Watches a number while facts are folded.

    A keyed fact changes rows in the segment of its partition only, and all that write the table are watched: so the
    number of a row before a fact is what it was after the one before, and is looked at once for each fact.

    It is for one fold: one that begins again takes another.
    """

    def __init__(self, projection: Projection, added: Added) -> None:
        table = next(each for each in projection.tables if each == added.table)  # the object itself: `is` finds it
        self._added = added._replace(table=table)
        self._number_of = quick_number(added)
        row = self._added.row
        self._only = None if row is None else row.key
        self._may_count: dict[KeyValues, bool] = {}
        self._rows: dict[KeyValues, OfRow] = {}
        self._known: list[dict[KeyValues, Number]] = [{} for _ in range(projection.segments)]
        self._of_partition = [self._known[segment_of(each, projection.segments)] for each in range(PARTITIONS)]
        of_types = projection.handlers.items()
        handlers = {name: handler._replace(apply=self._watched(name, handler)) for name, handler in of_types}
        watched = type(type(projection).__name__, (type(projection),), {"handlers": handlers})
        self.projection: Projection = watched()

    def _watched(self, name: str, handler: Handler) -> Callable[[Fact, Rows], None]:
        if handler.writes and self._added.table not in handler.writes:
            return handler.apply
        return self._of_reference(handler) if name in REFERENCE_FACTS else self._of_keyed(handler)

    def _of_keyed(self, handler: Handler) -> Callable[[Fact, Rows], None]:
        apply, needs, table, only = handler.apply, handler.needs, self._added.table, self._only
        row_type, number_of, of_partition = table.row, self._number_of, self._of_partition

        def watched(fact: Fact, rows: Rows) -> None:
            apply(fact, rows)
            known = of_partition[fact.partition]
            for of, key in needs(fact):
                if of is table and (only is None or key == only):
                    row = rows.read(table, row_type, *key)
                    now = 0 if row is None else number_of(row)
                    if (was := known.get(key, 0)) != now:
                        known[key] = now
                        self._note(fact, key, now - was)

        return watched

    def _of_reference(self, handler: Handler) -> Callable[[Fact, Rows], None]:
        """Every segment folds such a fact, and one of them alone changes a row of sums by it: the first."""
        apply, needs, table = handler.apply, handler.needs, self._added.table

        def watched(fact: Fact, rows: Rows) -> None:
            keys = [key for of, key in needs(fact) if of is table]
            before = [self._number(rows, key) for key in keys]
            apply(fact, rows)
            for key, was in zip(keys, before, strict=True):
                if (now := self._number(rows, key)) != was:
                    self._known[0][key] = now
                    self._note(fact, key, now - was)

        return watched

    def _number(self, rows: Rows, key: KeyValues) -> Number:
        table = self._added.table
        row = rows.read(table, table.row, *key)
        return 0 if row is None else self._number_of(row)

    def _note(self, fact: Fact, key: KeyValues, added: Number) -> None:
        may_count = self._may_count.get(key)
        if may_count is None:
            may_count = self._may_count[key] = self._added.may_count(key)
        if may_count:
            of_row = self._rows.get(key)
            if of_row is None:
                of_row = self._rows[key] = OfRow()
            of_row.note(fact, added)

    def summands(self, rows: Iterable[KeyedRow], failed: int = 0) -> Summands:
        """What was found, for the whole *rows* at the end of the fold; *failed* is how many keys wait."""
        numbers = [
            (key.key, self._added.number(row))
            for key, row in rows
            if key.table == self._added.table and self._added.counts(row)
        ]
        total, whole = OfRow(), [number for _, number in numbers if number is not None]
        for key, _ in numbers:
            if (of_row := self._rows.get(key)) is not None:
                total.by_key.update(of_row.by_key)
                total.by_day.update(of_row.by_day)
                total.types.update(of_row.types)
        by_key: dict[str, Number] = {key: added for key, added in total.by_key.items() if added}
        by_day: dict[int, Number] = {day: added for day, added in sorted(total.by_day.items()) if added}
        return Summands(sum(whole) if whole else None, by_key, by_day, dict(sorted(total.types.items())), failed)
