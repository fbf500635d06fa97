"""
The own fields of the facts of one type as columns: in the tables of facts of the SDK, and in typed exports.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import msgspec
import polars as pl

from adapters.frames import series
from domain.codec import fields_of
from domain.registry import FACTS

ID_NAMES = ("learner_id", "run_id", "quiz_id", "course_id")
"""Columns that every table of facts has, whether the id is in the stream's id or a field."""


class OwnField(NamedTuple):
    """A field of a type of facts: the column that it becomes, and its Python type."""

    name: str
    column: str
    hint: Any


def own_fields(type_name: str, common: Collection[str]) -> list[OwnField]:
    """
    The fields of a type that become columns, and why a fact is irregular; none for a type that this code does not know.

    Args:
        common: the columns of all facts; a field that is called as one of them gets a `_` at its end.
    """
    if type_name not in FACTS:
        return []
    hints: dict[str, Any] = {**fields_of(FACTS[type_name]), "irregular": str}
    return [
        OwnField(name, f"{name}_" if name in common else name, hint)
        for name, hint in hints.items()
        if name not in ID_NAMES
    ]


def own_columns(
    data: Sequence[dict[str, Any]], fields: Sequence[OwnField], *, lenient: bool = False
) -> list[pl.Series]:
    """
    The columns of some facts of one type.

    Args:
        data: the facts' own fields.
        lenient: whether a value that does not have its type is null, instead of an error.
    """
    return [
        series(
            field.column, _converted([each.get(field.name) for each in data], field.hint, lenient=lenient), field.hint
        )
        for field in fields
    ]


def _converted(values: list[Any], hint: Any, *, lenient: bool) -> list[Any]:
    try:
        return msgspec.convert(values, list[hint | None])
    except msgspec.ValidationError:
        if not lenient:
            raise
    found = []
    for value in values:
        try:
            found.append(msgspec.convert(value, hint | None))
        except msgspec.ValidationError:
            found.append(None)
    return found
