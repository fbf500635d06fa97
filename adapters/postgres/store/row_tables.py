"""
The tables of a read model: their DDL, and the statements that read, write and delete rows.

Rows are sent as JSON text, which msgspec and PostgreSQL encode and decode fast. So one statement reads all rows that a
batch needs, and one writes all rows that it changed, whatever the number of tables.
"""

import types
import typing
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from adapters.postgres.connection import EXTENSIONS
from projections.engine.projection import Projection, Table
from projections.engine.words import Lexemes

COLUMN_TYPES: dict[Any, str] = {
    str: 'text COLLATE "C"',
    int: "bigint",
    bool: "boolean",
    float: "double precision",
    datetime: "timestamptz",
    Lexemes: "tsvector",
}
KEY_TYPES = {str: "text", int: "bigint"}

SEGMENT = "segment"  # the column with the segment of a row, or of a part of one
TRUNCATED = "begin_again"  # the trigger that each table has

MOVE_CHECKPOINTS = """
moved AS (SELECT move_segments(%(name)s, %(generation)s, %(before)s, %(after)s, %(segments)s::smallint[],
    %(epochs)s::bigint[], %(applied)s::bigint[], %(ignored)s::bigint[], %(parked)s::bigint[], %(skipped)s::bigint[]))
"""
FORGET_HEALED = "healed AS (DELETE FROM parked WHERE id = %(healed)s AND EXISTS (SELECT FROM moved))"


def array(values: Iterable[str | int]) -> str:
    """
    Values as the text of an SQL array.

    For a list the driver would look up the type of every element, which takes longer than the rest of its work.
    """
    return "{" + ",".join([_element(value) for value in values]) + "}"


def _element(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    if '"' in value or "\\" in value:
        value = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{value}"'


def quoted(name: str) -> str:
    """*name* as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def physical_name(table: Table, generation: int) -> str:
    """The name of *table* in a generation."""
    return f"{table.name}_g{generation}"


def create_table(table: Table, schema: str, generation: int) -> str:
    """The statement that creates a table without indexes, so that COPY is fast."""
    hints = typing.get_type_hints(table.row)
    columns = [f"{quoted(field)} {column_type(hints[field])}" for field in table.row.__struct_fields__]
    target = f"{quoted(schema)}.{quoted(physical_name(table, generation))}"
    columns.append(f"{SEGMENT} smallint NOT NULL")
    return f"CREATE TABLE IF NOT EXISTS {target} ({', '.join(columns)}) WITH (fillfactor = 70)"


def watch_table(table: Table, schema: str, projection: str, generation: int) -> str:
    """The statement by which emptying a table sets the checkpoints of its generation to 0."""
    target = f"{quoted(schema)}.{quoted(physical_name(table, generation))}"
    return (
        f"CREATE OR REPLACE TRIGGER {TRUNCATED} AFTER TRUNCATE ON {target}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION begin_again('{projection}', '{generation}')"
    )


def index_table(table: Table, schema: str, generation: int) -> list[str]:
    """The statements that create missing indexes of a table and gather statistics."""
    name = physical_name(table, generation)
    target = f"{quoted(schema)}.{quoted(name)}"
    unique = ", ".join(unique_columns(table))
    return [
        f"CREATE UNIQUE INDEX IF NOT EXISTS {quoted(f'{name}_key'[:63])} ON {target} ({unique})",
        *(
            f"CREATE INDEX IF NOT EXISTS {quoted('_'.join([name, *index])[:63])}"
            f" ON {target} ({', '.join(map(quoted, index))})"
            for index in table.indexes
        ),
        *(
            f"CREATE INDEX IF NOT EXISTS {quoted(f'{name}_{column}_gin'[:63])}"
            f" ON {target} USING gin ({quoted(column)}{_operators(table, column)})"
            for column in table.searched
        ),
        f"ANALYZE {target}",
    ]


def _operators(table: Table, column: str) -> str:
    """The operators by which a column is searched: a text by its trigrams, else the usual ones of its type."""
    return "" if typing.get_type_hints(table.row)[column] is Lexemes else f" {EXTENSIONS}.gin_trgm_ops"


def unique_columns(table: Table) -> list[str]:
    """The unique columns of a table: the row's key, and the segment if each segment has its own copy or part."""
    return [*map(quoted, table.key), *([] if table.distribution == "partitioned" else [SEGMENT])]


def create_view(
    table: Table, schema: str, generation: int, segments: int, present: Collection[str] | None = None
) -> str:
    """
    The statement that creates the readers' view of a generation; it merges rows as `projections.engine.merge`.

    Args:
        table: the table as the running code has it.
        schema: where tables and views are.
        generation: its number.
        segments: how many the generation has.
        present: the columns that its table has, where other code may have made it; None for all of them.
    """
    fields = [field for field in table.row.__struct_fields__ if present is None or field in present]
    source = f"{quoted(schema)}.{quoted(physical_name(table, generation))}"
    view = f"CREATE VIEW {quoted(schema)}.{quoted(table.name)} AS SELECT "
    columns = ", ".join(map(quoted, fields))
    if segments == 1 or table.distribution == "partitioned":
        return f"{view}{columns} FROM {source}"
    if table.distribution == "replicated":
        return f"{view}{columns} FROM {source} WHERE {SEGMENT} = 0"
    hints = typing.get_type_hints(table.row)
    sums = ", ".join(quoted(f) if f in table.key else f"{_sum(quoted(f), hints[f])} AS {quoted(f)}" for f in fields)
    return f"{view}{sums} FROM {source} GROUP BY {', '.join(map(quoted, table.key))}"


def _sum(column: str, hint: Any) -> str:
    """The SQL that adds up the parts of a column."""
    kind = column_type(hint).partition(" ")[0]
    how = {"bigint": "sum({})::bigint", "double": "sum({})", "boolean": "bool_or({})", "jsonb": "sum_counts({})"}
    return how.get(kind, "max({})").format(column)


def column_type(hint: Any) -> str:
    """The column type of a field: `jsonb` unless it is a plain value, NOT NULL unless the field may be None."""
    nullable = False
    if typing.get_origin(hint) in {typing.Union, types.UnionType}:
        options = [option for option in typing.get_args(hint) if option is not types.NoneType]
        nullable = len(options) < len(typing.get_args(hint))
        hint = options[0] if len(options) == 1 else None
    if isinstance(hint, type) and issubclass(hint, str):  # an enumeration of texts
        hint = str
    return COLUMN_TYPES.get(hint, "jsonb") + ("" if nullable else " NOT NULL")


def check_row(table: Table) -> None:
    """Raise TypeError for a row type that cannot be stored in a table."""
    config = table.row.__struct_config__
    if SEGMENT in table.row.__struct_fields__:
        raise TypeError(f"rows of {table.name} cannot have a field called {SEGMENT}")
    if config.omit_defaults or config.array_like or config.tag is not None:
        raise TypeError(f"rows of {table.name} must be plain structs: every field is a column")


class Statements:
    """The SQL of one generation of a projection; the connection's search_path finds the tables."""

    def __init__(self, projection: Projection, generation: int) -> None:
        self._tables = projection.tables
        self._generation = generation
        for table in self._tables:
            check_row(table)
        self._load_parts = {table.name: self._load_one(table) for table in self._tables}
        self._saves: dict[tuple[str, ...], str] = {}

    def load(self, tables: Sequence[Table]) -> str:
        """
        Read rows by key and segment.

        Parameters are arrays: for each table one for each part of its key, and one of segments. The result has a column
        for each table: a JSON array of pairs of segment and row.
        """
        return f"SELECT {', '.join(self._load_parts[table.name] for table in tables)}"

    def _load_one(self, table: Table) -> str:
        hints = typing.get_type_hints(table.row)
        arrays = ", ".join(f"%s::{KEY_TYPES[hints[part]]}[]" for part in table.key)
        keys = ", ".join(map(quoted, table.key))
        source = f"{quoted(physical_name(table, self._generation))} AS r USING ({keys}, {SEGMENT})"
        wanted = f"unnest({arrays}, %s::smallint[]) AS wanted ({keys}, {SEGMENT})"
        return f"(SELECT json_agg(json_build_array(r.{SEGMENT}, r))::text FROM {wanted} JOIN {source})"

    def save(self, tables: Sequence[Table]) -> str:
        """
        Move checkpoints if they are where they must be; only then write rows and delete a parked key.

        Parameters by name: those of `move_segments`, healed, and rows0, rows1, … for each of *tables*.
        """
        names = tuple(table.name for table in tables)
        if names not in self._saves:
            parts = [MOVE_CHECKPOINTS, FORGET_HEALED]
            parts += [f"written{number} AS ({self._upsert(table, number)})" for number, table in enumerate(tables)]
            self._saves[names] = f"WITH {', '.join(parts)} SELECT count(*) FROM moved"
        return self._saves[names]

    def delete(self, table: Table) -> str:
        """Delete one row; parameters are its key and its segment."""
        name = quoted(physical_name(table, self._generation))
        return f"DELETE FROM {name} WHERE {' AND '.join(f'{quoted(part)} = %s' for part in (*table.key, SEGMENT))}"

    def keys_by(self, table: Table, columns: Iterable[str]) -> str:
        """The keys of rows with these values, as text, in *columns*; parameters are the values and the segment."""
        name = quoted(physical_name(table, self._generation))
        keys = ", ".join(map(quoted, table.key))
        same = " AND ".join(f"{quoted(column)}::text = %s" for column in columns)
        return f"SELECT {keys} FROM {name} WHERE {same} AND {SEGMENT} = %s"

    def _upsert(self, table: Table, number: int) -> str:
        name = quoted(physical_name(table, self._generation))
        fields = table.row.__struct_fields__
        columns = ", ".join([*map(quoted, fields), SEGMENT])
        updates = ", ".join(f"{quoted(f)} = excluded.{quoted(f)}" for f in fields if f not in table.key)
        return (
            f"INSERT INTO {name} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{name},"
            f" %(rows{number})s::json) WHERE EXISTS (SELECT FROM moved)"
            f" ON CONFLICT ({', '.join(unique_columns(table))}) DO"
            + (f" UPDATE SET {updates}" if updates else " NOTHING")
        )
