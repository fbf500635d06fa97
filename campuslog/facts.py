"""
Facts as a table: one row each, the same columns for all, and the fields of the fact where all are of one type.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import polars as pl

from adapters.fact_fields import ID_NAMES, own_columns, own_fields
from domain.fact import Fact
from domain.streams import id_or_none
from projections.engine.rows import Unreadable

COLUMNS: dict[str, pl.DataType] = {
    "position": pl.Int64(),
    "type": pl.String(),
    "stream_id": pl.String(),
    "learner_id": pl.String(),
    "run_id": pl.String(),
    "quiz_id": pl.String(),
    "course_id": pl.String(),
    "occurred_at": pl.Datetime("us", "UTC"),
    "recorded_at": pl.Datetime("us", "UTC"),
    "source": pl.String(),
    "data": pl.String(),
}
"""Of every table of facts."""

_encode = msgspec.json.Encoder().encode


def facts_frame(facts: Sequence[Fact], only: str | None) -> pl.DataFrame:
    """
    Facts as rows.

    Args:
        only: the type of all of them: its fields become columns, too.
    """
    envelope = [
        pl.Series(name, values, dtype=dtype)
        for (name, dtype), values in zip(COLUMNS.items(), _columns(facts), strict=True)
    ]
    return pl.DataFrame(
        envelope + ([] if only is None else own_columns([fact.data for fact in facts], own_fields(only, COLUMNS)))
    )


def empty_frame(only: str | None) -> pl.DataFrame:
    """The table of no facts."""
    return facts_frame([], only)


def _columns(facts: Sequence[Fact]) -> Iterable[list[Any]]:
    """The values of the columns of every table of facts, in their order."""
    yield [fact.position for fact in facts]
    yield [fact.type for fact in facts]
    yield [fact.stream_id for fact in facts]
    for name in ID_NAMES:
        yield [_id(fact, name) for fact in facts]
    yield [fact.occurred_at for fact in facts]
    yield [fact.recorded_at for fact in facts]
    yield [fact.meta.source for fact in facts]
    yield [None if type(fact) is Unreadable else _encode(fact.data).decode() for fact in facts]


def _id(fact: Fact, name: str) -> Any:
    """The id of this name, which is in the stream's id or among the fact's own fields."""
    return id_or_none(fact.stream_id, name) or fact.data.get(name)
