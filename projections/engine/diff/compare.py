"""
Two versions of a read model, compared row by row: a live generation and a rebuilt one, or a rule and a what-if.

Counts and distributions come first, then every row that differs, in pages or as a sample. The rows may come in any
order and in any number: they go through a temporary file, and memory stays bounded. Two values are the same if their
JSON is, as for `projections.engine.digest.row_digest`: 1, 1.0 and true are three values.

    with Comparison(live.tables, mine.tables, SqliteDatabase()) as comparison:
        for key, row in live_rows: comparison.add_old(key, row)
        for key, row in my_rows: comparison.add_new(key, row)
        diff = comparison.finish()
"""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Self

import msgspec

from projections.engine.diff.report import DiffKind, FieldDiff, RowDiff, TableDiff
from projections.engine.diff.spool import NEW, OLD, Differing, DiffSpool
from projections.engine.diff.statistics import Statistics
from projections.engine.projection import KeyValues, RowKey, Table
from projections.engine.spill import TemporaryDatabase

ComparedRow = msgspec.Struct | Mapping[str, Any]
"""A row; as a mapping of its fields where the code that wrote it is gone."""

_encode = msgspec.json.Encoder().encode
_encode_sorted = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder().decode


class Comparison:
    """Takes the rows of both sides one by one, in any order; leaving its context closes the *database*."""

    def __init__(self, old: Sequence[Table], new: Sequence[Table], database: TemporaryDatabase) -> None:
        self._spool = DiffSpool(database)
        self._sides = _Side(old), _Side(new)
        self._names = list(dict.fromkeys(table.name for table in (*old, *new)))
        self._numbers = {name: number for number, name in enumerate(self._names)}
        self._comparable = {name for name in self._names if _presence(name, *self._sides) == "both"}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._spool.database.close()

    def add_old(self, key: RowKey, row: ComparedRow) -> None:
        """A row of the old version."""
        self._add(OLD, key, row)

    def add_new(self, key: RowKey, row: ComparedRow) -> None:
        """A row of the new version."""
        self._add(NEW, key, row)

    def _add(self, side: int, row_key: RowKey, row: ComparedRow) -> None:
        table, key = row_key
        self._sides[side].count(table.name, row)
        if table.name in self._comparable:
            body = _encode_sorted(plain_fields(table, row))
            self._spool.add_row(self._numbers[table.name], _place(key), side, _encode(key), body)

    def finish(self) -> "Diff":
        """
        Compare what has come; takes some microseconds a row, and may run in another thread.

        Raises:
            DuplicateRow: one side has two rows with the same key.
        """
        tallies = [self._tally(name) for name in self._names]
        statistics = Statistics(self._spool.database)
        for tab, key, old, new in self._spool.pairs():
            kind = tallies[tab].compare(old, new, statistics)
            if kind:
                self._spool.add_differing(tab, kind, key, old, new)
        self._spool.forget_rows()
        statistics.finish()
        return Diff([tally.result(statistics) for tally in tallies], tallies, self._spool)

    def _tally(self, name: str) -> "_Tally":
        presence = _presence(name, *self._sides)
        old_rows, new_rows = (side.rows.get(name, 0) for side in self._sides)
        heading = TableDiff(name, presence, old_rows, new_rows)
        if presence != "both":
            return _Tally(heading, [])
        old, new = (side.fields(name) for side in self._sides)
        added = [field for field in new if field not in old]
        removed = [field for field in old if field not in new]
        heading = msgspec.structs.replace(heading, fields_added=added, fields_removed=removed)
        return _Tally(heading, [field for field in old if field in new])


class Diff:
    """
    The differences of two versions.

    Attributes:
        tables: how each table differs, in the order of the old version and then of the new one.
    """

    def __init__(self, tables: list[TableDiff], tallies: "list[_Tally]", spool: DiffSpool) -> None:
        self.tables = tables
        self._common = [frozenset(tally.fields) for tally in tallies]
        self._spool = spool

    @property
    def is_same(self) -> bool:
        """Whether both versions have the same tables, fields and rows."""
        return all(table.is_same for table in self.tables)

    @property
    def differing(self) -> int:
        """Rows that differ."""
        return sum(table.differing for table in self.tables)

    def rows(
        self, *, after: int = 0, limit: int | None = None, table: str | None = None, kind: DiffKind | None = None
    ) -> Iterator[RowDiff]:
        """
        Rows that differ, by table and key: the same at every call.

        Args:
            after: begin after the row of this number, the last one of the last page.
            limit: how many; all when left out.
            table: those of one table only.
            kind: those added, removed or changed only.
        """
        names = [each.table for each in self.tables]
        if table is not None and table not in names:
            return iter(())
        tab = None if table is None else names.index(table)
        return map(self._row, self._spool.select(after=after, limit=limit, tab=tab, kind=kind))

    def sample(self, size: int, seed: int = 0) -> list[RowDiff]:
        """A random choice of differing rows, in their order; the same *seed* chooses the same ones."""
        numbers = range(1, self.differing + 1)
        chosen = random.Random(seed).sample(numbers, min(size, len(numbers)))  # noqa: S311 - not a secret
        return [self._row(self._spool.select_one(number)) for number in sorted(chosen)]

    def _row(self, found: Differing) -> RowDiff:
        old, new = (None if body is None else _decode(body) for body in (found.old, found.new))
        if old is not None and new is not None:
            names = _changed_fields(self._common[found.tab], old, new)
            old, new = ({name: fields.get(name) for name in names} for fields in (old, new))
        key: KeyValues = tuple(_decode(found.key))
        return RowDiff(found.number, self.tables[found.tab].table, key, found.kind, old, new)


class _Side:
    """What is known of one version: its tables, how many rows they have, and their fields."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self.tables = {table.name: table for table in tables}
        self.rows: dict[str, int] = dict.fromkeys(self.tables, 0)
        self._seen: dict[str, dict[str, None]] = {}

    def count(self, name: str, row: ComparedRow) -> None:
        """Count a row; raises KeyError for a table that the version does not have."""
        self.rows[name] += 1
        if isinstance(row, Mapping):
            self._seen.setdefault(name, {}).update(dict.fromkeys(row))

    def fields(self, name: str) -> list[str]:
        """The fields of a table without its key; of rows that are mappings those that were seen."""
        table = self.tables.get(name)
        if table is None:
            return []
        fields = self._seen.get(name) or _names(table.row).values()
        return [field for field in fields if field not in _key_fields(table)]


class _Tally:
    """Counts of one table while its rows go by; `fields` are those that both versions have."""

    def __init__(self, heading: TableDiff, fields: list[str]) -> None:
        self.fields = fields
        self._heading = heading
        self._counts = {"same": 0, "added": 0, "removed": 0, "changed": 0}
        self._numbers: dict[str, int] = {}

    def compare(self, old: bytes | None, new: bytes | None, statistics: Statistics) -> DiffKind | None:
        """How the two bodies of a row differ; None if they do not."""
        kind: DiffKind | None = None
        if old is None:
            kind = "added"
        elif new is None:
            kind = "removed"
        elif old != new and self._note_changes(_decode(old), _decode(new), statistics):
            kind = "changed"
        self._counts[kind or "same"] += 1
        return kind

    def _note_changes(self, old: dict[str, Any], new: dict[str, Any], statistics: Statistics) -> bool:
        names = _changed_fields(self.fields, old, new)
        for name in names:
            if name not in self._numbers:
                self._numbers[name] = statistics.new_field()
            statistics.note(self._numbers[name], old.get(name), new.get(name))
        return bool(names)

    def result(self, statistics: Statistics) -> TableDiff:
        """The finished table."""
        fields: list[FieldDiff] = [statistics.of(number, name) for name, number in self._numbers.items()]
        fields.sort(key=lambda field: (-field.rows, field.name))
        return msgspec.structs.replace(self._heading, fields=fields, **self._counts)


def plain_fields(table: Table, row: ComparedRow) -> dict[str, Any]:
    """The fields of a row without its key, as plain JSON values; a field that is left out as default is there too."""
    if isinstance(row, Mapping):
        fields = dict(row)
    else:
        fields = {name: getattr(row, attribute) for attribute, name in _names(type(row)).items()}
    for name in _key_fields(table):
        fields.pop(name, None)
    plain: dict[str, Any] = _decode(_encode(fields))  # all names text: those that are numbers cannot be sorted
    return plain


@lru_cache(maxsize=256)
def _names(row: type[msgspec.Struct]) -> dict[str, str]:
    """The name in JSON of each attribute."""
    return {field.name: field.encode_name for field in msgspec.structs.fields(row)}


@lru_cache(maxsize=256)
def _key_fields(table: Table) -> tuple[str, ...]:
    """The names of a table's key in JSON."""
    names = _names(table.row)
    return tuple(names.get(attribute, attribute) for attribute in table.key)


def _presence(name: str, old: _Side, new: _Side) -> Any:
    one, other = old.tables.get(name), new.tables.get(name)
    if one is None or other is None:
        return "only_new" if one is None else "only_old"
    return "both" if one.key == other.key else "other_key"


def _changed_fields(fields: Iterable[str], old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Those of *fields* whose JSON differs, sorted."""
    return sorted(name for name in fields if _encode_sorted(old.get(name)) != _encode_sorted(new.get(name)))


def _place(key: KeyValues) -> str:
    """A text that sorts as the key does, numbers by size, and is another for every key."""
    return ",".join(f"{part + 2**63:020d}" if isinstance(part, int) else _encode(part).decode() for part in key)
