"""
Answers of PostgreSQL as frames.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import polars as pl

from adapters.frames import series
from adapters.postgres.store.views import ViewRows

HINTS: dict[str, Any] = {
    "int8": int,
    "int4": int,
    "int2": int,
    "numeric": float,
    "float8": float,
    "float4": float,
    "text": str,
    "varchar": str,
    "bpchar": str,
    "name": str,
    "bool": bool,
    "date": date,
    "timestamptz": datetime,
    "timestamp": datetime,
}
"""PostgreSQL's types of columns that no read model of this code declares; of any other comes its JSON text."""


def frame_of_answer(answer: ViewRows, declared: Mapping[str, Any]) -> pl.DataFrame:
    """What PostgreSQL has answered, by the types that are *declared* for columns, else by its own."""
    columns = list(zip(*answer.rows, strict=True)) or [()] * len(answer.columns)
    found = []
    for (name, kind), values in zip(answer.columns, columns, strict=True):
        hint = declared.get(name, _hint(kind))
        if kind == "timestamp":  # sessions are in UTC
            values = tuple(value and value.replace(tzinfo=UTC) for value in values)  # noqa: PLW2901
        if hint is not Any:
            try:
                values = msgspec.convert(values, list[hint | None], str_keys=True)  # type: ignore[valid-type] # noqa: PLW2901
            except msgspec.ValidationError:
                if name in declared:
                    raise
                hint = Any  # the type of an array does not say how many dimensions it has
        found.append(series(name, values, hint))
    return pl.DataFrame(found)


def _hint(kind: str) -> Any:
    """The Python type for a type of PostgreSQL, such as `numeric(5,1)` or `text[]`."""
    plain = re.sub(r"\(.*?\)", "", kind)
    of = HINTS.get(plain.removesuffix("[]"), Any)
    return list[of | None] if plain.endswith("[]") and of is not Any else of  # type: ignore[valid-type]
