"""
The distribution of a field's changes: of numbers, of texts, of lists and documents.

Every change goes into the spool of the comparison, which sorts and counts; so medians are exact and memory is bounded
however many rows differ.
"""

import math
from collections import Counter
from typing import Any

import msgspec

from projections.engine.diff.report import (
    Bin,
    Collections,
    FieldDiff,
    Numbers,
    PartChange,
    Spread,
    Transition,
    Transitions,
)
from projections.engine.spill import TemporaryDatabase

MOST_BINS = 12
MOST_NAMED = 8  # transitions, parts
LARGEST_EXACT = 2**62  # what lies beyond does not fit into SQLite's integers, and is kept as a float

_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder().decode


class Statistics:
    """The changes of all fields; a field is known by the number that `new_field` gave it."""

    def __init__(self, database: TemporaryDatabase) -> None:
        self._database = database
        self._counts: Counter[tuple[int, str]] = Counter()
        self._fields = 0

    def new_field(self) -> int:
        """A number for one more field."""
        self._fields += 1
        return self._fields

    def note(self, field: int, old: Any, new: Any) -> None:
        """One row in which the field is *new* and was *old*, both plain JSON values."""
        self._counts[field, "rows"] += 1
        values = [value for value in (old, new) if value is not None]
        if all(_is_number(value) for value in values):
            self._note_number(field, old, new)
        elif all(isinstance(value, list | dict) for value in values):
            self._note_collection(field, old, new)
        else:
            self._counts[field, "transitions"] += 1
            self._database.append("INSERT INTO transitions VALUES (?, ?, ?)", (field, _encode(old), _encode(new)))

    def _note_number(self, field: int, old: float | None, new: float | None) -> None:
        self._counts[field, "numbers"] += 1
        self._counts[field, "appeared"] += old is None
        self._counts[field, "vanished"] += new is None
        difference = None if old is None or new is None else new - old
        values = (field, *map(_storable, (old, new, difference)))
        self._database.append("INSERT INTO numbers VALUES (?, ?, ?, ?)", values)

    def _note_collection(self, field: int, old: Any, new: Any) -> None:
        growth = len(new or ()) - len(old or ())
        how = "grew" if growth > 0 else "shrank" if growth < 0 else "same_size"
        self._counts[field, "collections"] += 1
        self._counts[field, how] += 1
        for part in _changed_parts(old, new):
            self._database.append("INSERT INTO parts VALUES (?, ?)", (field, part))

    def finish(self) -> None:
        """No more changes will come."""
        for table in ("numbers", "transitions", "parts"):
            self._database.run(f"CREATE INDEX {table}_field ON {table} (field)")

    def of(self, field: int, name: str) -> FieldDiff:
        """The distribution of one field's changes, under its *name*."""
        count = self._counts
        return FieldDiff(
            name=name,
            rows=count[field, "rows"],
            numbers=self._numbers_of(field) if count[field, "numbers"] else None,
            transitions=self._transitions_of(field) if count[field, "transitions"] else None,
            collections=self._collections_of(field) if count[field, "collections"] else None,
        )

    def _numbers_of(self, field: int) -> Numbers:
        difference = self._spread(field, "difference")
        return Numbers(
            appeared=self._counts[field, "appeared"],
            vanished=self._counts[field, "vanished"],
            old=self._spread(field, "old"),
            new=self._spread(field, "new"),
            difference=difference,
            histogram=self._histogram(field, difference) if difference else [],
        )

    def _spread(self, field: int, column: str) -> Spread | None:
        known = f"FROM numbers WHERE field = ? AND {column} IS NOT NULL"
        ((count, least, mean, most),) = self._database.select(
            f"SELECT count(*), min({column}), avg({column}), max({column}) {known}", (field,)
        )
        if not count:
            return None
        ((median,),) = self._database.select(
            f"SELECT avg({column}) FROM (SELECT {column} {known} ORDER BY 1 LIMIT ? OFFSET ?)",  # noqa: S608 - a name of ours
            (field, 2 - count % 2, (count - 1) // 2),
        )
        return Spread(least, median, mean, most)

    def _histogram(self, field: int, spread: Spread) -> list[Bin]:
        step = round_step(spread.min, spread.max)
        start, width = (math.floor(spread.min / step) * step, float(step)) if step else (spread.min, 1.0)
        found = dict(
            self._database.select(
                "SELECT CAST((difference - ?) / ? AS INTEGER), count(*) FROM numbers"
                " WHERE field = ? AND difference IS NOT NULL GROUP BY 1",
                (start, width, field),
            )
        )
        return [Bin(start + n * step, start + (n + 1) * step, found.get(n, 0)) for n in range(max(found) + 1)]

    def _transitions_of(self, field: int) -> Transitions:
        found = self._database.select(
            "SELECT old, new, count(*) FROM transitions WHERE field = ? GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT ?",
            (field, MOST_NAMED),
        )
        top = [Transition(_decode(old), _decode(new), rows) for old, new, rows in found]
        return Transitions(top, self._counts[field, "transitions"] - sum(each.rows for each in top))

    def _collections_of(self, field: int) -> Collections:
        found = self._database.select(
            "SELECT part, count(*) FROM parts WHERE field = ? GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?",
            (field, MOST_NAMED),
        )
        return Collections(
            grew=self._counts[field, "grew"],
            shrank=self._counts[field, "shrank"],
            same_size=self._counts[field, "same_size"],
            parts=[PartChange(part, rows) for part, rows in found],
        )


def round_step(low: float, high: float) -> float:
    """A round number (1, 2 or 5 times a power of ten) of which at most `MOST_BINS` reach from *low* to *high*."""
    if high <= low:
        return 0
    power = 10.0 ** math.floor(math.log10((high - low) / MOST_BINS))
    steps = (factor * power for factor in (1, 2, 5, 10, 20))
    step = next(step for step in steps if math.floor(high / step) - math.floor(low / step) < MOST_BINS)
    return int(step) if step >= 1 else step


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _storable(value: Any) -> Any:
    return float(value) if isinstance(value, int) and abs(value) >= LARGEST_EXACT else value


def _changed_parts(old: Any, new: Any) -> set[str]:
    """
    What is another in two lists or documents.

    Of documents the names whose values differ, of lists of documents of one length the same for all items, as
    `[].name`; of other lists the items of which one has more than the other.
    """
    values = [value for value in (old, new) if value is not None]
    if all(isinstance(value, dict) for value in values):
        return _changed_names(old or {}, new or {})
    if not all(isinstance(value, list) for value in values):
        return set()
    items, others = old or [], new or []
    if not any(isinstance(item, list | dict) for item in (*items, *others)):
        one, other = (Counter(map(_text, each)) for each in (items, others))
        return set((one - other) + (other - one))
    if len(items) != len(others):
        return set()
    pairs = [pair for pair in zip(items, others, strict=True) if all(isinstance(item, dict) for item in pair)]
    return {f"[].{name}" for one, other in pairs for name in _changed_names(one, other)}


def _changed_names(old: dict[str, Any], new: dict[str, Any]) -> set[str]:
    names = {**old, **new}
    return {
        name for name in names if (name in old) != (name in new) or _encode(old.get(name)) != _encode(new.get(name))
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _encode(value).decode()
