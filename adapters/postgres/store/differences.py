"""
Two generations of a read model compared as they are stored, by one statement for each question.

Rows are those that readers would see of each generation. A column counts as changed where its value is another one; one
that only one of the generations has is no difference of rows. Nothing is folded and nothing written: where the
generations are at different positions, a row may differ for that reason, and the answer says how far they are.
"""

import typing
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from adapters.postgres.connection import Connection
from adapters.postgres.store.generations import Generation
from adapters.postgres.store.row_tables import create_view, physical_name, quoted
from projections.engine.projection import Table
from projections.engine.words import Lexemes

BINS = 12  # of a histogram
MOST_TRANSITIONS = 12
LONGEST = 80  # characters of a value that is shown among transitions

PRESENT = """
SELECT attname::text FROM pg_attribute
 WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped AND attname <> 'segment'
"""


class Sides(NamedTuple):
    """
    A table in two generations.

    Attributes:
        columns: those that both have, without the key.
        only_old, only_new: those that one of them has.
        source: both sides joined by the key: `o` and `n`, each with `there`.
    """

    table: Table
    columns: tuple[str, ...]
    only_old: tuple[str, ...]
    only_new: tuple[str, ...]
    source: str

    @property
    def both(self) -> str:
        """Whether a row is on both sides, in SQL."""
        return "(o.there AND n.there)"

    @property
    def differs(self) -> str:
        """Whether a row is another one, or on one side only, in SQL."""
        changed = " OR ".join(_changed(column) for column in self.columns) or "false"
        return f"(o.there IS NULL OR n.there IS NULL OR {changed})"


class TableCounts(NamedTuple):
    """How many rows are on each side, only there, on both, and changed; and by column, how often it changed."""

    old: int
    new: int
    added: int
    removed: int
    changed: int
    by_column: dict[str, int]


class ChangeBin(msgspec.Struct, frozen=True):
    """How many values changed by `lower` up to `upper`."""

    lower: float
    upper: float
    rows: int


class Transition(msgspec.Struct, frozen=True):
    """How often one value became another; null is none."""

    old: str | None
    new: str | None
    rows: int


class DifferentRow(NamedTuple):
    """A row that differs: its key as texts, and what each side has; None where it is not there."""

    key: list[str]
    old: dict[str, Any] | None
    new: dict[str, Any] | None


async def sides_of(connection: Connection, schema: str, table: Table, old: Generation, new: Generation) -> Sides | None:
    """A table in both generations; None where one of them has no such table, or another key."""
    present = [await _present(connection, schema, table, each) for each in (old, new)]
    if not all(set(table.key) <= each for each in present):
        return None
    hints = typing.get_type_hints(table.row)
    fields = [name for name in table.row.__struct_fields__ if hints[name] is not Lexemes]
    shared = [name for name in fields if all(name in each for each in present)]
    selects = []
    for generation, columns in zip((old, new), present, strict=True):
        view = create_view(table, schema, generation.number, generation.segments, columns)
        selects.append(f"(SELECT *, true AS there FROM ({view.partition(' AS ')[2]}) AS rows)")
    key = ", ".join(map(quoted, table.key))
    return Sides(
        table,
        tuple(name for name in shared if name not in table.key),
        tuple(sorted(present[0] - present[1])),
        tuple(sorted(present[1] - present[0])),
        f"{selects[0]} AS o FULL JOIN {selects[1]} AS n USING ({key})",
    )


async def count(connection: Connection, sides: Sides) -> TableCounts:
    """How many rows differ, and in which columns."""
    by_column = "".join(f", count(*) FILTER (WHERE {sides.both} AND {_changed(column)})" for column in sides.columns)
    row = await _row(
        connection,
        f"SELECT count(*) FILTER (WHERE o.there), count(*) FILTER (WHERE n.there),"
        f" count(*) FILTER (WHERE o.there IS NULL), count(*) FILTER (WHERE n.there IS NULL),"
        f" count(*) FILTER (WHERE {sides.both} AND {sides.differs}){by_column} FROM {sides.source}",
    )
    old, new, added, removed, changed, *numbers = row
    return TableCounts(old, new, added, removed, changed, dict(zip(sides.columns, numbers, strict=True)))


async def histogram(connection: Connection, sides: Sides, column: str) -> list[ChangeBin]:
    """By how much a column of numbers has changed; empty for one of other values."""
    if typing.get_type_hints(sides.table.row)[column] not in (int, float, int | None, float | None):
        return []
    name = quoted(column)
    rows = await _rows(
        connection,
        f"WITH changes AS (SELECT (n.{name} - o.{name})::double precision AS by FROM {sides.source}"
        f" WHERE {sides.both} AND {_changed(column)} AND o.{name} IS NOT NULL AND n.{name} IS NOT NULL),"
        f" ends AS (SELECT min(by) AS low, greatest((max(by) - min(by)) / {BINS}, 1e-9) AS step FROM changes)"
        f" SELECT low + step * bin, low + step * (bin + 1), count(*) FROM changes CROSS JOIN ends"
        f" CROSS JOIN LATERAL (SELECT least(floor((by - low) / step), {BINS - 1}) AS bin) AS place"
        f" GROUP BY low, step, bin ORDER BY bin",
    )
    return [ChangeBin(*row) for row in rows]


async def transitions(connection: Connection, sides: Sides, column: str) -> list[Transition]:
    """Which values most often became which others."""
    texts = [f"left({side}.{quoted(column)}::text, {LONGEST})" for side in "on"]
    rows = await _rows(
        connection,
        f"SELECT {', '.join(texts)}, count(*) FROM {sides.source} WHERE {sides.both} AND {_changed(column)}"
        f" GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT {MOST_TRANSITIONS}",
    )
    return [Transition(*row) for row in rows]


async def different_rows(
    connection: Connection, sides: Sides, column: str | None, after: Sequence[str] | None, limit: int
) -> list[DifferentRow]:
    """Rows that differ, in one column or at all, in the order of their keys; those after a key."""
    key = [quoted(name) for name in sides.table.key]
    texts = ", ".join(f"{name}::text" for name in key)
    which = sides.differs if column is None else f"({sides.both} AND {_changed(column)})"
    beyond = "" if after is None else f" AND ({', '.join(key)}) > ({', '.join(_value(each) for each in _types(sides))})"
    rows = await _rows(
        connection,
        f"SELECT ARRAY[{texts}], CASE WHEN o.there THEN to_jsonb(o) - 'there' END,"
        f" CASE WHEN n.there THEN to_jsonb(n) - 'there' END FROM {sides.source}"
        f" WHERE {which}{beyond} ORDER BY {', '.join(key)} LIMIT %s",
        [*(after or ()), limit],
    )
    return [DifferentRow(*row) for row in rows]


def _changed(column: str) -> str:
    return f"(o.{quoted(column)} IS DISTINCT FROM n.{quoted(column)})"


def _types(sides: Sides) -> list[Any]:
    hints = typing.get_type_hints(sides.table.row)
    return [hints[name] for name in sides.table.key]


def _value(hint: Any) -> str:
    """A placeholder for a value of a key."""
    return {int: "%s::bigint", datetime: "%s::timestamptz"}.get(hint, '%s::text COLLATE "C"')


async def _present(connection: Connection, schema: str, table: Table, generation: Generation) -> set[str]:
    name = f"{quoted(schema)}.{quoted(physical_name(table, generation.number))}"
    return {column for (column,) in await _rows(connection, PRESENT, [name])}


async def _row(connection: Connection, statement: str) -> tuple[Any, ...]:
    (row,) = await _rows(connection, statement)
    return row


async def _rows(connection: Connection, statement: str, values: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
    return await (await connection.execute(statement.encode(), values)).fetchall()
