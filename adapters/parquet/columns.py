"""
A page of the log as Arrow columns, and columns as the exact bytes of the log.

`data` and `meta` are text, which every tool can take apart as JSON. Bytes that are not UTF-8 cannot be text: they stand
in `data_bytes` and `meta_bytes` instead, so that every fact is kept as it is.
"""

import sys
from array import array
from functools import cache
from itertools import accumulate
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from adapters.parquet.source import NUMBERS, FactBuffers
from adapters.proofs.leaves import SINCE_1970
from domain.codec import fields_of
from domain.registry import AGGREGATE_OF, AGGREGATES, FACTS

Array = Any  # the type stubs of pyarrow tell apart what we treat alike
_field: Any = pa.field

SCHEMA = pa.schema(
    [
        _field("position", pa.int64(), nullable=False),
        _field("stream_id", pa.string(), nullable=False),
        _field("stream_version", pa.int32(), nullable=False),
        _field("type", pa.string(), nullable=False),
        _field("schema_version", pa.int16(), nullable=False),
        _field("partition", pa.int16(), nullable=False),
        _field("learner_id", pa.string()),
        _field("data", pa.string()),
        _field("data_bytes", pa.binary()),
        _field("meta", pa.string()),
        _field("meta_bytes", pa.binary()),
        _field("source", pa.string()),
        _field("occurred_at", pa.timestamp("us", "UTC"), nullable=False),
        _field("recorded_at", pa.timestamp("us", "UTC"), nullable=False),
        _field("run_id", pa.string()),
        _field("quiz_id", pa.string()),
        _field("course_id", pa.string()),
    ]
)
IDS = ("run_id", "quiz_id", "course_id")
"""Columns that exports of format versions 1 and 2 lack; they follow from `ID_SOURCES`."""

MOST_IDS = max(len(aggregate.ids) for aggregate in AGGREGATES)
STREAM_ID = r"\A(?P<category>[^-]*)-(?P<id0>[^:]*)" + "".join(
    f"(?::(?P<id{place}>[^:]*))?" for place in range(1, MOST_IDS)
)

ID_SOURCES = ("stream_id", "type", "data")
LOGGED = tuple(name for name in SCHEMA.names if name not in ("learner_id", "source", *IDS))
"""The columns that `to_rows` needs: what the log holds, without what follows from it."""

OLD_SCHEMA = pa.schema([field for field in SCHEMA if field.name not in IDS])

FIXED = {"position": 0, "stream_version": 1, "schema_version": 2, "partition": 3, "occurred_at": 4, "recorded_at": 5}
VARIABLE = {"stream_id": 6, "type": 7, "data": 8, "meta": 9}


class _Meta(msgspec.Struct, gc=False):
    source: str | None = None


class _Ids(msgspec.Struct, gc=False):
    run_id: str | None = None
    quiz_id: str | None = None
    course_id: str | None = None


_decode_ids = msgspec.json.Decoder(_Ids).decode
_decode_meta = msgspec.json.Decoder(_Meta).decode


def to_batch(rows: FactBuffers) -> pa.RecordBatch:
    """The columns of *rows*."""
    numbers = _swapped(rows.records)
    stream_ids = _variable(numbers, "stream_id", rows.stream_ids).cast(pa.string())
    types = _variable(numbers, "type", rows.types).cast(pa.string())
    data, data_bytes = _as_text(_variable(numbers, "data", rows.data))
    meta = _variable(numbers, "meta", rows.meta)
    sources = _sources(meta)
    meta, meta_bytes = _as_text(meta)
    columns = {
        **{name: _fixed(numbers, name) for name in FIXED},
        "stream_id": stream_ids,
        "type": types,
        **ids_of_facts(stream_ids, types, data),
        "data": data,
        "data_bytes": data_bytes,
        "meta": meta,
        "meta_bytes": meta_bytes,
        "source": sources,
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in SCHEMA.names], schema=SCHEMA)


def to_rows(batch: pa.RecordBatch) -> FactBuffers:
    """What the log holds of the facts in *batch*, which must have the columns of `LOGGED`."""
    count = batch.num_rows
    values: dict[str, Array] = {
        "stream_id": batch.column("stream_id").cast(pa.binary()),
        "type": batch.column("type").cast(pa.binary()),
        "data": pc.coalesce(batch.column("data").cast(pa.binary()), batch.column("data_bytes")),
        "meta": pc.coalesce(batch.column("meta").cast(pa.binary()), batch.column("meta_bytes")),
    }
    numbers = array("q", bytes(8 * len(NUMBERS) * count))
    for name, place in FIXED.items():
        column = batch.column(name)
        if pa.types.is_timestamp(column.type):
            column = pc.subtract(column.view(pa.int64()), SINCE_1970)
        numbers[place :: len(NUMBERS)] = _integers(column)
    for name, place in VARIABLE.items():
        numbers[place :: len(NUMBERS)] = _integers(pc.binary_length(values[name]))
    if sys.byteorder == "little":
        numbers.byteswap()
    return FactBuffers(count, numbers.tobytes(), *(_joined(values[name]) for name in VARIABLE))


def _swapped(records: bytes) -> "array[int]":
    numbers = array("q", records)
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers


def _fixed(numbers: "array[int]", name: str) -> Array:
    values = numbers[FIXED[name] :: len(NUMBERS)]
    column = pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values)])
    wanted = SCHEMA.field(name).type
    if pa.types.is_timestamp(wanted):
        return pc.add(column, SINCE_1970).view(wanted)
    return column.cast(wanted)


def _variable(numbers: "array[int]", name: str, values: bytes) -> Array:
    lengths = numbers[VARIABLE[name] :: len(NUMBERS)]
    offsets = array("i", accumulate(lengths, initial=0))
    return pa.Array.from_buffers(pa.binary(), len(lengths), [None, pa.py_buffer(offsets), pa.py_buffer(values)])


def _as_text(values: Array) -> tuple[Array, Array]:
    """The values as text, and as bytes those of them that are none."""
    try:
        return values.cast(pa.string()), pa.nulls(len(values), pa.binary())
    except pa.ArrowInvalid:
        pass
    texts: list[str | None] = []
    others: list[bytes | None] = []
    for value in values.to_pylist():
        try:
            texts.append(value.decode())
            others.append(None)
        except UnicodeDecodeError:
            texts.append(None)
            others.append(value)
    return pa.array(texts, pa.string()), pa.array(others, pa.binary())


def ids_of_facts(stream_ids: Array, types: Array, data: Array) -> dict[str, Array]:
    """The columns of ids: from those of the streams, `IDS` else from the facts' own fields."""
    encoded = stream_ids.dictionary_encode()
    parts = pc.extract_regex(encoded.dictionary, STREAM_ID)
    columns = {name: _id_in(parts, name).take(encoded.indices) for name in ("learner_id", *IDS)}
    for type_name in pc.unique(types).to_pylist():
        if names := _ids_among_fields(type_name):
            mask = pc.equal(types, type_name)
            fields = [_own_ids(value) for value in data.filter(mask).to_pylist()]
            for name in names:
                values = pa.array([getattr(each, name) for each in fields], pa.string())
                columns[name] = pc.replace_with_mask(columns[name], mask, values)
    return columns


@cache
def _ids_among_fields(type_name: str) -> tuple[str, ...]:
    """Which of `IDS` the facts of a type have as fields, and not in the ids of their streams."""
    if type_name not in FACTS:
        return ()
    fields, of_stream = fields_of(FACTS[type_name]), AGGREGATE_OF[type_name].ids
    return tuple(name for name in IDS if name in fields and name not in of_stream)


def _own_ids(data: str | None) -> _Ids:
    try:
        return _Ids() if data is None else _decode_ids(data)
    except msgspec.MsgspecError:
        return _Ids()  # a fact that cannot be read is kept like any other


def _id_in(parts: Array, name: str) -> Array:
    """As `domain.streams.id_or_none` for many streams at once: a log has millions of them."""
    category: Array = parts.field("category")
    found: Array = pa.nulls(len(parts), pa.string())
    for place in range(MOST_IDS):
        having = [each.category for each in AGGREGATES if each.ids[place : place + 1] == (name,)]
        if having:
            of_these = pc.is_in(category, pa.array(having, pa.string()))
            found = pc.if_else(of_these, parts.field(f"id{place}"), found)
    return pc.if_else(pc.equal(found, pa.scalar("")), pa.scalar(None, pa.string()), found)


def _sources(metas: Array) -> Array:
    values = metas.to_pylist()
    try:
        sources = [_decode_meta(value).source for value in values]
    except (msgspec.MsgspecError, UnicodeDecodeError):
        sources = [_source(value) for value in values]
    return pa.array(sources, pa.string())


def _source(meta: bytes) -> str | None:
    try:
        return _decode_meta(meta).source
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None  # a fact with unreadable meta is kept like any other


def _integers(column: Array) -> "array[int]":
    column = column.cast(pa.int64())
    return array("q", memoryview(column.buffers()[1])[8 * column.offset : 8 * (column.offset + len(column))].tobytes())


def _joined(values: Array) -> bytes:
    """All values of a column of bytes, one after the other."""
    _, offsets, joined = values.buffers()
    ends = memoryview(offsets)[4 * values.offset : 4 * (values.offset + len(values) + 1)].cast("i")
    return bytes(memoryview(joined)[ends[0] : ends[-1]]) if joined is not None else b""
