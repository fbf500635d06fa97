"""
The queries of adapters/postgres/queries over rows that were folded for a moment, in place of the live ones.

A query names the tables of read models without a schema. Here it is sent with a `WITH` that gives each of these names
the folded rows, so the SQL of an answer stands once; a query that begins with a `WITH` of its own goes on with it. A
table of a read model that was not folded is refused.
"""

import re
import typing
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from adapters.postgres.as_of.folder import KeyRows
from adapters.postgres.queries.reader import Reader
from adapters.postgres.store.row_tables import column_type, quoted
from projections.engine.moment import Moment
from projections.engine.projection import RowKey, Table

WORD = re.compile(r"[a-z_]+")
TEXT = re.compile(r"'[^']*'")  # in SQL: `'orders'` names no table
BEGINS_WITH = re.compile(r"\s*WITH\s")
_encode = msgspec.json.Encoder().encode


class NotFolded(LookupError):
    """A query reads a table of a read model whose rows were not folded for the moment."""


class AsOfReader(Reader):
    """
    Answers queries for one moment.

    Args:
        reader: sends them.
        folded: the rows, by table.
        served: all tables of read models.
    """

    def __init__(
        self, reader: Reader, moment: Moment, folded: Sequence[tuple[Table, KeyRows]], served: Iterable[Table]
    ) -> None:
        self._reader = reader
        self._moment = moment
        self._folded = {table.name: (table, rows) for table, rows in folded}
        self._served = {table.name for table in served}

    def folded(self, table: Table) -> list[msgspec.Struct]:
        """The folded rows of a table."""
        return self._folded[table.name][1].of(table)

    def with_rows(self, rows: Mapping[Table, Sequence[msgspec.Struct]]) -> "AsOfReader":
        """The same with other rows of some tables, such as a part of them."""
        other = AsOfReader(self._reader, self._moment, (), ())
        given = {table.name: (table, KeyRows(_by_key(table, of), [])) for table, of in rows.items()}
        other._folded, other._served = self._folded | given, self._served
        return other

    async def rows(self, query: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        """The bare rows of a query, with the position of the moment first; raises as `Reader.rows`, and NotFolded."""
        names = sorted(self._served & set(WORD.findall(TEXT.sub("", query))))
        if missing := [name for name in names if name not in self._folded]:
            raise NotFolded(f"the query reads {', '.join(missing)}")
        named = [self._folded[name] for name in names]
        given = {f"as_of_{table.name}": _encode(rows.of(table)).decode() for table, rows in named}
        tables = ", ".join(_table(table) for table, _ in named)
        rows = await self._reader.rows(_with(tables, query) if tables else query, {**parameters, **given})
        return [(self._moment.position, *row[1:]) for row in rows]


def _by_key(table: Table, rows: Sequence[msgspec.Struct]) -> dict[RowKey, msgspec.Struct]:
    return {RowKey(table, tuple(getattr(row, name) for name in table.key)): row for row in rows}


def _with(tables: str, query: str) -> str:
    """The query after the definition of tables."""
    begins = BEGINS_WITH.match(query)
    return f"WITH {tables} {query}" if begins is None else f"WITH {tables}, {query[begins.end() :]}"


@lru_cache(maxsize=256)
def _table(table: Table) -> str:
    """SQL for a table whose rows are a parameter."""
    hints = typing.get_type_hints(table.row)
    fields = table.row.__struct_fields__
    columns = ", ".join(f"{quoted(field)} {column_type(hints[field]).removesuffix(' NOT NULL')}" for field in fields)
    source = f"json_to_recordset(%(as_of_{table.name})s::json) AS row ({columns})"
    return f"{quoted(table.name)} AS (SELECT * FROM {source})"
