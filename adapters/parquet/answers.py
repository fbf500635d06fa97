"""Answers to analysts' questions as Parquet or as an Arrow stream, with types as PostgreSQL has them."""

from collections.abc import Sequence
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from adapters.postgres.analytics.table import as_text

AT_ONCE = 5_000  # rows of a group
TYPES: dict[str, Any] = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "time": pa.timestamp("us", tz="UTC"),
}
"""All other values are text; JSON is the text of it."""


class ArrowFile:
    """
    A file that is written group by group.

    Args:
        columns: names, and what the values are (adapters/postgres/analytics/table.py).
    """

    def __init__(self, columns: Sequence[tuple[str, str]], form: Literal["parquet", "arrow"]) -> None:
        self._schema = pa.schema([pa.field(name, TYPES.get(kind, pa.string())) for name, kind in columns])
        self._kinds = [kind for _, kind in columns]
        self._sink = pa.BufferOutputStream()
        self._writer: Any = (
            pq.ParquetWriter(self._sink, self._schema, compression="zstd")
            if form == "parquet"
            else pa.ipc.new_stream(self._sink, self._schema)
        )
        self._waiting: list[tuple[Any, ...]] = []

    def add(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write some rows."""
        self._waiting += rows
        if len(self._waiting) >= AT_ONCE:
            self._write()

    def finish(self) -> bytes:
        """The file."""
        self._write()
        self._writer.close()
        found: bytes = self._sink.getvalue().to_pybytes()
        return found

    def _write(self) -> None:
        columns = zip(*self._waiting, strict=True) if self._waiting else [()] * len(self._kinds)
        arrays = [
            pa.array([_value(each, kind) for each in values], field.type)
            for values, kind, field in zip(columns, self._kinds, self._schema, strict=True)
        ]
        self._writer.write_batch(pa.record_batch(arrays, schema=self._schema))
        self._waiting = []


def _value(value: Any, kind: str) -> Any:
    """A value as Arrow takes it."""
    return value if value is None or kind in TYPES else as_text(value)
