"""
The own fields of a type as columns of its files: `campus log export DIR --typed`.

They are the columns that the SDK has for one type, with the same names and types (adapters/fact_fields.py). Polars is
loaded only where they are wanted.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from adapters.parquet.columns import SCHEMA
from domain.codec import decode_data

if TYPE_CHECKING:
    from adapters.fact_fields import OwnField


@cache
def schema_of(type_name: str) -> pa.Schema:
    """The columns of a typed file."""
    from adapters.fact_fields import own_columns

    empty = [_as_arrow(column) for column in own_columns([], _fields(type_name))]
    own = [pa.field(field.column, column.type) for field, column in zip(_fields(type_name), empty, strict=True)]
    return pa.schema([*SCHEMA, *own])


def with_fields(facts: pa.RecordBatch, type_name: str) -> pa.RecordBatch:
    """*facts* of one type, which have the columns of SCHEMA, with their own fields in the newest version."""
    from adapters.fact_fields import own_columns

    values: Any = pc.coalesce(facts.column("data").cast(pa.binary()), facts.column("data_bytes"))
    versions: Any = facts.column("schema_version").to_pylist()
    data = [_decoded(type_name, version, raw) for version, raw in zip(versions, values.to_pylist(), strict=True)]
    own = [_as_arrow(column) for column in own_columns(data, _fields(type_name), lenient=True)]
    common: list[Any] = [facts.column(name) for name in SCHEMA.names]
    return pa.RecordBatch.from_arrays([*common, *own], schema=schema_of(type_name))


@cache
def _fields(type_name: str) -> "list[OwnField]":
    from adapters.fact_fields import own_fields

    return own_fields(type_name, SCHEMA.names)


def _as_arrow(column: Any) -> Any:
    from polars import CompatLevel

    return column.to_arrow(compat_level=CompatLevel.oldest())


def _decoded(type_name: str, version: int, data: bytes) -> dict[str, Any]:
    try:
        return decode_data(type_name, version, data)
    except Exception:  # noqa: BLE001 - upcasters are our code, and may raise anything; the fact is kept as it is
        return {}
