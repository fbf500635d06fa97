"""
The rows of one table as a frame that is read when it is first used; called with filters, it reads only those rows.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

import polars as pl

Value = str | int | bool | date
Filters = Mapping[str, "Value | Iterable[Value]"]


class View(pl.DataFrame):
    """
    All rows of a table, as a `polars.DataFrame`; `view(run_id="AAA-2013J")` is a frame of some of them.

    Filters are the names of columns, each with a value or several; the server applies them.
    """

    def __init__(self, read: Callable[[Filters], pl.DataFrame]) -> None:
        self._read = read
        self._rows: Any = None

    def __call__(self, **only: "Value | Iterable[Value]") -> pl.DataFrame:
        """
        The rows of which all this is true.

        Raises:
            BadArgument: there is no such column, or a value that it cannot have.
        """
        return self._read(only)

    @property
    def _df(self) -> Any:
        """What a `polars.DataFrame` keeps its rows in."""
        if self._rows is None:
            self._rows = self._read({})._df  # noqa: SLF001 - one frame takes over from another
        return self._rows

    @_df.setter
    def _df(self, rows: Any) -> None:
        self._rows = rows

    @classmethod
    def _from_pydf(cls, py_df: Any) -> pl.DataFrame:
        """What is derived from a view is a plain frame."""
        return pl.DataFrame._from_pydf(py_df)  # noqa: SLF001 - as its own methods do
