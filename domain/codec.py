"""
The way from an aggregate's event to the bytes of a fact, and back.

`data` holds the fact's own fields as exact UTF-8 bytes. Reading brings old versions up to the newest by the
`upcast_vN_vM` methods of the event class, as the `eventsourcing` library does.
"""

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from functools import cache
from typing import Any, NotRequired, TypedDict, get_type_hints

import msgspec

from domain.aggregate import Aggregate
from domain.registry import FACTS

_ENVELOPE = {"originator_id", "originator_version", "timestamp"}
_encode: Callable[[Any], bytes] = msgspec.json.Encoder().encode
_decode_json: Callable[[bytes], Any] = msgspec.json.Decoder().decode


class UnknownFact(Exception):
    """A fact of a type, or in a version, that this code does not know."""


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
