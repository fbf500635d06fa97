"""
A fact as the log keeps it: its envelope, its own fields as JSON, and the way from an aggregate's event and back.

`data` holds the fact's own fields as exact UTF-8 bytes. Reading brings old versions up to the newest by the
`upcast_vN_vM` methods of the event class, as the `eventsourcing` library does.
"""

import zlib
from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from functools import cache
from typing import Any, NotRequired, TypedDict, get_type_hints

import msgspec

from domain.aggregate import Aggregate, stream_ids
from domain.registry import BY_CATEGORY, FACTS

PARTITIONS = 64

_ENVELOPE = {"originator_id", "originator_version", "timestamp"}
_encode: Callable[[Any], bytes] = msgspec.json.Encoder().encode
_decode_json: Callable[[bytes], Any] = msgspec.json.Decoder().decode


class UnknownFact(Exception):
    """A fact of a type, or in a version, that this code does not know."""


class Meta(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """
    Where a fact comes from.

    Attributes:
        event_id: UUIDv7 of the fact.
        actor: who did it.
        on_behalf_of: for whom, where that is somebody else.
        causation_id: the event or command that caused it.
        correlation_id: the trace it belongs to.
        source: `api`, `import:oulad`, `seed`, `reactor:…`.
    """

    event_id: str
    actor: str
    source: str
    causation_id: str | None = None
    correlation_id: str | None = None
    on_behalf_of: str | None = None


class Fact(msgspec.Struct, frozen=True, gc=False):
    """
    One fact, as read models see it.

    Attributes:
        position: its place in the log, from 1, without gaps.
        stream_version: its place in its stream, from 1.
        type: its stable name, such as `enrollment.activated`.
        partition: 0 to 63, by learner, or by stream where no learner is concerned.
        data: its own fields in the newest version, times as RFC 3339 text.
    """

    position: int
    stream_id: str
    stream_version: int
    type: str
    schema_version: int
    partition: int
    data: dict[str, Any]
    meta: Meta
    occurred_at: datetime
    recorded_at: datetime

    @property
    def day(self) -> int:
        """The ordinal of the day (UTC) on which it happened."""
        return self.occurred_at.toordinal()

    @property
    def category(self) -> str:
        """First word of the stream's id."""
        return self.stream_id.partition("-")[0]

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids within the stream's id."""
        return stream_ids(self.stream_id)

    @property
    def key(self) -> str:
        """What the fact is about: the learner where there is one, else the stream."""
        return partition_key(self.stream_id)


def partition_key(stream: str) -> str:
    """The learner of a stream, or the stream itself where no learner is concerned."""
    category = stream.partition("-")[0]
    aggregate = BY_CATEGORY.get(category)
    return stream_ids(stream)[0] if aggregate is not None and aggregate.learner_first else stream


def partition_of(stream: str) -> int:
    """Partition of a stream, 0 to 63: CRC-32 of its key."""
    return partition_of_learner(partition_key(stream))


def partition_of_learner(learner_id: str) -> int:
    """Partition of all facts about a learner."""
    return zlib.crc32(learner_id.encode()) % PARTITIONS


def encode_data(event: Aggregate.Event) -> bytes:
    """The event's own fields as JSON."""
    state = vars(event)
    return _encode({name: state[name] for name in state if name not in _ENVELOPE})


def decode_data(type_name: str, schema_version: int, data: bytes) -> dict[str, Any]:
    """The fields of a stored fact, as plain JSON values, brought up to the newest version."""
    state: dict[str, Any] = _decode_json(data)
    cls = FACTS.get(type_name)
    if cls is None:
        raise UnknownFact(f"no fact is called {type_name}")
    if schema_version != version_of(cls):
        _upcast(cls, schema_version, state)
    return state


def decode_event(
    type_name: str, schema_version: int, data: bytes, *, stream: str, version: int, occurred_at: datetime
) -> Aggregate.Event:
    """The event that an aggregate folds, from its stored form."""
    cls = FACTS.get(type_name)
    if cls is None:
        raise UnknownFact(f"no fact is called {type_name}")
    if schema_version == version_of(cls):
        state = _typed_decoder(cls).decode(data)
    else:
        state = msgspec.convert(decode_data(type_name, schema_version, data), _fields_type(cls))
    state["originator_id"] = stream
    state["originator_version"] = version
    state["timestamp"] = occurred_at
    event = object.__new__(cls)
    event.__dict__.update(state)
    return event


def version_of(cls: type[Aggregate.Event]) -> int:
    """The newest version of a fact's fields."""
    version: int = getattr(cls, "class_version", 1)
    return version


def _upcast(cls: type[Aggregate.Event], from_version: int, state: dict[str, Any]) -> None:
    newest = version_of(cls)
    if from_version > newest:
        raise UnknownFact(f"{cls.TOPIC} is known up to version {newest}, not {from_version}")  # type: ignore[attr-defined]
    for version in range(from_version, newest):
        getattr(cls, f"upcast_v{version}_v{version + 1}")(state)


def fields_of(cls: type[Aggregate.Event]) -> dict[str, Any]:
    """The event's own fields, by name, with their types."""
    hints = get_type_hints(cls)
    return {f.name: hints[f.name] for f in fields(cls) if f.name not in _ENVELOPE}  # type: ignore[arg-type]


@cache
def _fields_type(cls: type[Aggregate.Event]) -> Any:
    """A TypedDict-like type of the event's own fields, so that decoding checks and converts them."""
    return TypedDict(cls.__name__, {**fields_of(cls), "irregular": NotRequired[str]})  # type: ignore[operator]


@cache
def _typed_decoder(cls: type[Aggregate.Event]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(_fields_type(cls))
