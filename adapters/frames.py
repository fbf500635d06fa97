"""
Values with a Python type as columns of Polars: what facts, rows of read models and an analyst's own rows become.

    str, int, float, bool, date, datetime   columns of that type; times in UTC
    list                                    a list
    a msgspec.Struct                        a struct
    dict                                    a list of structs {key, value}, by key, to be exploded and unnested
    anything else                           its JSON text
"""

import types
import typing
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from enum import Enum
from typing import Any, NamedTuple

import msgspec
import polars as pl

SCALARS: dict[Any, pl.DataType] = {
    str: pl.String(),
    int: pl.Int64(),
    float: pl.Float64(),
    bool: pl.Boolean(),
    date: pl.Date(),
    datetime: pl.Datetime("us", "UTC"),
}


class ColumnType(NamedTuple):
    """The type of a column, and the function that converts a value for Polars; None where none is needed."""

    dtype: pl.DataType
    plain: Callable[[Any], Any] | None


def series(name: str, values: Sequence[Any], hint: Any) -> pl.Series:
    """A column of *values* that have the Python type *hint*, or are None."""
    dtype, plain = kind(hint)
    if plain is not None or msgspec.UnsetType in typing.get_args(hint):
        values = [_plain(ColumnType(dtype, plain), value) for value in values]
    return pl.Series(name, values, dtype=dtype)


def frame_of(row: type[msgspec.Struct], rows: Sequence[msgspec.Struct]) -> pl.DataFrame:
    """Rows of one type as a frame with a column for each field."""
    hints = typing.get_type_hints(row)
    return pl.DataFrame(
        [series(name, [getattr(each, name) for each in rows], hints[name]) for name in row.__struct_fields__]
    )


def kind(hint: Any) -> ColumnType:
    """What becomes of values of a Python type; whether they may be None makes no difference; UNSET becomes null."""
    options = typing.get_args(hint)
    if msgspec.UnsetType not in options:
        return _kind(_without_none(hint))
    of = kind(typing.Union[tuple(each for each in options if each is not msgspec.UnsetType)])  # noqa: UP007 - of a tuple
    return ColumnType(of.dtype, lambda value: None if value is msgspec.UNSET else _plain(of, value))


def _kind(hint: Any) -> ColumnType:
    if hint in SCALARS:
        return ColumnType(SCALARS[hint], None)
    origin, arguments = typing.get_origin(hint) or hint, typing.get_args(hint)
    if isinstance(origin, type):
        if issubclass(origin, Enum):
            return ColumnType(kind(type(next(iter(origin)).value)).dtype, lambda value: value.value)
        if issubclass(origin, msgspec.Struct):
            return _struct(origin)
        if issubclass(origin, Mapping) and len(arguments) == 2:
            return _mapping(*map(kind, arguments))
        if issubclass(origin, Sequence | AbstractSet) and arguments and set(arguments[1:]) <= {...}:
            return _list(kind(arguments[0]))
    return ColumnType(pl.String(), _json_text)


def _json_text(value: Any) -> str:
    return msgspec.json.encode(value, enc_hook=str, order="sorted").decode()


def _without_none(hint: Any) -> Any:
    if typing.get_origin(hint) in {typing.Union, types.UnionType}:
        options = [option for option in typing.get_args(hint) if option not in {types.NoneType, msgspec.UnsetType}]
        return options[0] if len(options) == 1 else None
    return hint


def _struct(row: type[msgspec.Struct]) -> ColumnType:
    kinds = {name: kind(hint) for name, hint in typing.get_type_hints(row).items() if name in row.__struct_fields__}

    def plain(value: Any) -> dict[str, Any]:
        return {name: _plain(of, getattr(value, name)) for name, of in kinds.items()}

    return ColumnType(pl.Struct({name: of.dtype for name, of in kinds.items()}), plain)


def _mapping(key: ColumnType, value: ColumnType) -> ColumnType:
    def plain(mapping: Any) -> list[dict[str, Any]]:
        return [{"key": _plain(key, name), "value": _plain(value, each)} for name, each in sorted(mapping.items())]

    return ColumnType(pl.List(pl.Struct({"key": key.dtype, "value": value.dtype})), plain)


def _list(item: ColumnType) -> ColumnType:
    return ColumnType(pl.List(item.dtype), lambda values: [_plain(item, value) for value in values])


def _plain(of: ColumnType, value: Any) -> Any:
    if value is None or value is msgspec.UNSET:
        return None
    return value if of.plain is None else of.plain(value)
