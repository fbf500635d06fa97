"""
The read models as they are served at this moment, each of their tables as a frame.
"""

import difflib
from datetime import datetime
from typing import Any, NamedTuple, get_type_hints

import msgspec
import polars as pl

from adapters.postgres.store.generations import Generations, live
from adapters.postgres.store.views import ViewRows, read_view, view_names
from adapters.settings import Settings
from adapters.stores.registry import store_type
from adapters.valkey.client import connect as connect_valkey
from campuslog.errors import UnknownView
from campuslog.frames import frame_of, series
from campuslog.source import reading
from campuslog.sync import run
from campuslog.validation import shown
from projections.engine.merge import merged
from projections.engine.projection import Projection, Table
from projections.registry import PROJECTIONS

HINTS: dict[str, Any] = {
    "bigint": int,
    "integer": int,
    "text": str,
    "boolean": bool,
    "double precision": float,
    "timestamp with time zone": datetime,
}
"""Of columns that no read model of this code declares; of any other type comes its JSON text."""


class Declared(NamedTuple):
    """A table of a read model that this code knows."""

    projection: Projection
    table: Table


class Views:
    """
    What readers see of each table of each read model, in PostgreSQL and in Valkey: `campus.views.course_enrollments`.

    `dir(campus.views)` lists the names. Every access reads again.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._declared = {
            table.name: Declared(projection, table) for projection in PROJECTIONS for table in projection.tables
        }

    def __getattr__(self, name: str) -> pl.DataFrame:
        """
        The rows of a table.

        Raises:
            UnknownView: no table of a read model is called so.
        """
        if name.startswith("_"):
            raise AttributeError(name)  # what Python and notebooks ask every object for
        return self[name]

    def __getitem__(self, name: str) -> pl.DataFrame:
        """As the attribute, for a name that is in a variable."""
        return run(self._read(name))

    def __dir__(self) -> list[str]:
        """The names of all tables."""
        return run(self._names())

    async def _names(self) -> list[str]:
        async with await reading(self._settings) as connection:
            names = await view_names(connection, self._settings.read_schema)
            for projection in PROJECTIONS:
                if not store_type(projection).WITH_VIEWS and await live(connection, projection.name) is not None:
                    names += [table.name for table in projection.tables]
        return sorted(names)

    async def _read(self, name: str) -> pl.DataFrame:
        if not isinstance(name, str):
            raise UnknownView(f"no read model has a table {name!r}: names are text (str)")
        declared = self._declared.get(name)
        names = await self._names()
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]}? There are" if near else "there are"
            raise UnknownView(f"no read model has a table {shown(name)}: {hint} {', '.join(names) or 'none yet'}")
        if declared is not None and not store_type(declared.projection).WITH_VIEWS:
            return frame_of(declared.table.row, await self._rows(declared))
        async with await reading(self._settings) as connection:
            view = await read_view(connection, self._settings.read_schema, name)
        return _frame(view, {} if declared is None else get_type_hints(declared.table.row))

    async def _rows(self, declared: Declared) -> list[msgspec.Struct]:
        """The rows of a table of the live generation, out of its store; none if nothing is live."""
        projection, table = declared
        async with await reading(self._settings) as connection, connect_valkey(self._settings) as valkey:
            served = await live(connection, projection.name)
            if served is None:
                return []
            store = Generations(connection, valkey, self._settings, projection).store(served)
            async with store.snapshot() as (_, rows):
                return [row for key, row in merged(rows) if key.table.name == table.name]


def _frame(view: ViewRows, declared: dict[str, Any]) -> pl.DataFrame:
    """The rows of a view, by the types that the code declares, else by those of the columns."""
    columns = list(zip(*view.rows, strict=True)) or [()] * len(view.columns)
    hints = {name: declared.get(name, HINTS.get(kind)) for name, kind in view.columns}
    return pl.DataFrame(
        [
            series(name, msgspec.convert(values, list[hint | None], str_keys=True), hint)  # type: ignore[valid-type]
            for (name, hint), values in zip(hints.items(), columns, strict=True)
        ]
    )
