"""The columns of ids of an export, computed for many streams at once."""

import random

import pyarrow as pa

from adapters.parquet.columns import ids_of_facts
from domain.registry import BY_CATEGORY
from domain.streams import id_or_none

ODD = [
    "",
    "-",
    "progress",
    "progress-",
    ":",
    "progress-:",
    "attempt-a::1",
    "attempt-a:b:1:d",
    "quiz-\u00e9\n",
    "pro\nx-a:b",
]


def test_they_are_those_of_the_stream() -> None:
    """Whatever a stream is called, all columns say what `id_or_none` says of it; no facts have none."""
    dice = random.Random(3)
    categories = [*BY_CATEGORY, "unknown", ""]
    streams = ODD + [
        f"{dice.choice(categories)}{dice.choice(['-', '', '--'])}{''.join(dice.choices('ab:-', k=dice.randrange(8)))}"
        for _ in range(2_000)
    ]
    columns = ids_of_facts(pa.array(streams), pa.array(["unknown"] * len(streams)), pa.nulls(len(streams), pa.string()))
    for name, column in columns.items():
        assert column.to_pylist() == [id_or_none(stream, name) for stream in streams]
    nothing = pa.array([], pa.string())
    assert {len(column) for column in ids_of_facts(nothing, nothing, nothing).values()} == {0}
