"""
What is served at this moment, each table as a frame: the views of analysts, and the read models' own tables.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import product
from math import prod
from typing import Any, NamedTuple, get_type_hints

import msgspec
import polars as pl

from adapters.frames import frame_of
from adapters.postgres.analytics import VIEWS
from adapters.postgres.connection import PostgresError, is_broken
from adapters.postgres.store.generations import Generation, Generations, live
from adapters.postgres.store.views import read_view, view_columns, view_names
from adapters.settings import Settings
from adapters.stores.protocol import GenerationStore
from adapters.stores.registry import store_type
from adapters.valkey.client import connect as connect_valkey
from campuslog.errors import BadArgument, UnknownView
from campuslog.frames import frame_of_answer
from campuslog.source import reading
from campuslog.sync import run
from campuslog.validation import is_text, shown
from campuslog.view import Filters, Value, View
from projections.engine.merge import merged
from projections.engine.projection import Projection, RowKey, Table
from projections.registry import PROJECTIONS

MOST_LOOKUPS = 10_000  # documents to look up by their keys; for more, all are read

Only = Mapping[str, Sequence[Value]]
"""Filters with a list for each column."""


class Declared(NamedTuple):
    """A table of a read model that this code knows."""

    projection: Projection
    table: Table


class Views:
    """
    What readers see: the views of analysts (`campus.views.grades`), with the names and units of SQL, and the tables of
    the read models that these are made of (`campus.views.gradebook`), in PostgreSQL and in Valkey.

    `dir(campus.views)` lists the names. Every access reads again, when its rows are first used.
    `campus.views.grades(run_id="AAA-2013J")` reads some rows only.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._declared = {
            table.name: Declared(projection, table) for projection in PROJECTIONS for table in projection.tables
        }

    def __getattr__(self, name: str) -> View:
        """
        The rows of a view or a table.

        Raises:
            UnknownView: none is called so.
        """
        if name.startswith("_"):
            raise AttributeError(name)  # what Python and notebooks ask every object for
        return self[name]

    def __getitem__(self, name: str) -> View:
        """As the attribute, for a name that is in a variable."""
        run(self._check(name))
        return View(partial(self._read, name))

    def __dir__(self) -> list[str]:
        """The names of all views and tables."""
        return run(self._names())

    async def _names(self) -> list[str]:
        async with await reading(self._settings) as connection:
            names = await view_names(connection, self._settings.read_schema)
            there = await view_names(connection, self._settings.analytics_schema)
            names += [view.name for view in VIEWS if view.name in there]
            for projection in PROJECTIONS:
                if not store_type(projection).WITH_VIEWS and await live(connection, projection.name) is not None:
                    names += [table.name for table in projection.tables]
        return sorted(names)

    async def _check(self, name: str) -> None:
        if not isinstance(name, str):
            raise UnknownView(f"no read model has a table {name!r}: names are text (str)")
        names = await self._names()
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]}? There are" if near else "there are"
            raise UnknownView(f"no read model has a table {shown(name)}: {hint} {', '.join(names) or 'none yet'}")

    def _read(self, name: str, filters: Filters) -> pl.DataFrame:
        only = {column: _values(column, given) for column, given in filters.items()}
        declared = self._declared.get(name)
        if declared is not None and not store_type(declared.projection).WITH_VIEWS:
            _check_columns(name, only, declared.table.row.__struct_fields__)
            return frame_of(declared.table.row, run(self._documents(declared, only)))
        return run(self._of_view(name, only, declared))

    async def _of_view(self, name: str, only: Only, declared: Declared | None) -> pl.DataFrame:
        schema = self._settings.analytics_schema if declared is None else self._settings.read_schema
        async with await reading(self._settings) as connection:
            if only:
                _check_columns(name, only, await view_columns(connection, schema, name))
            try:
                found = await read_view(connection, schema, name, only)
            except PostgresError as error:
                if is_broken(error) or not only:
                    raise
                raise BadArgument(f"{name} cannot be filtered by that: {error.diag.message_primary}") from error
        return frame_of_answer(found, {} if declared is None else get_type_hints(declared.table.row))

    async def _documents(self, declared: Declared, only: Only) -> list[msgspec.Struct]:
        """The rows of a table of the live generation, out of its store; none if nothing is live."""
        projection, table = declared
        async with await reading(self._settings) as connection, connect_valkey(self._settings) as valkey:
            served = await live(connection, projection.name)
            if served is None:
                return []
            store = Generations(connection, valkey, self._settings, projection).store(served)
            keyed = [only[part] for part in table.key if part in only]
            if len(keyed) == len(table.key) and prod(map(len, keyed)) <= MOST_LOOKUPS:
                found = await _looked_up(store, served, table, keyed)
            else:
                async with store.snapshot() as (_, rows):
                    found = [row for key, row in merged(rows) if key.table.name == table.name]
        return [row for row in found if all(getattr(row, column) in values for column, values in only.items())]


async def _looked_up(
    store: GenerationStore, served: Generation, table: Table, keyed: Sequence[Sequence[Any]]
) -> list[msgspec.Struct]:
    """The rows with these values as their keys."""
    keys = {RowKey(table, key) for key in product(*keyed)}
    look = await store.look(dict.fromkeys(range(served.segments), keys))
    parts = ((segment, key, row) for segment, rows in look.rows.items() for key, row in rows.items())
    return [row for _, row in merged(parts)]


def _values(column: str, given: Any) -> list[Value]:
    """The value, or the values, of a filter."""
    if isinstance(given, Value):
        given = [given]
    if isinstance(given, bytes | Mapping) or not isinstance(given, Iterable):
        raise BadArgument(f"{column}={given!r} is neither a value (text, number, yes or no, day) nor several of them")
    values = list(given)
    if odd := [value for value in values if not isinstance(value, Value)]:
        raise BadArgument(f"{column}={given!r}: {odd[0]!r} is no value: text, number, yes or no, day")
    if odd := [value for value in values if isinstance(value, str) and not is_text(value)]:
        raise BadArgument(f"{column}={given!r}: {odd[0]!r} is no text that a campus can have")
    if odd := [value for value in values if isinstance(value, datetime) and value.utcoffset() is None]:
        raise BadArgument(f"{column}={given!r}: {odd[0]} has no time zone: say datetime(…, tzinfo=UTC)")
    return values


def _check_columns(name: str, only: Only, columns: Iterable[str]) -> None:
    there = list(columns)
    for column in only:
        if column not in there:
            near = difflib.get_close_matches(column, there, n=1)
            hint = f"did you mean {near[0]}? There are" if near else "there are"
            raise BadArgument(f"{name} has no column {shown(column)}: {hint} {', '.join(there)}")
