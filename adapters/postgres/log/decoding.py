"""
Rows of the log as facts: the one guard at the reading of a fact.

A row that cannot be decoded becomes an `Unreadable` fact, so that one bad row does not stop its readers: it fails where
it is needed, and the rest goes on. Where only its meta cannot be decoded, the source of the fact is unknown, but it is
a fact.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from domain.codec import UnknownFact, decode_data
from domain.fact import Fact, Meta
from projections.engine.rows import Unreadable, UnreadableFact

LogRow = tuple[Any, ...]
"""A row of `events`, in the order of its columns."""

UNKNOWN = Meta(event_id="", actor="", source="")

_encode = msgspec.json.Encoder().encode
_decode_meta = msgspec.json.Decoder(Meta).decode


def to_fact(row: LogRow) -> Fact:
    """A row of `events`, in the order of its columns, as a fact in its newest version; raises what decoding raises."""
    position, stream, version, type_name, schema_version, partition, data, meta, occurred_at, recorded_at = row
    return Fact(
        position=position,
        stream_id=stream,
        stream_version=version,
        type=type_name,
        schema_version=schema_version,
        partition=partition,
        data=decode_data(type_name, schema_version, data),
        meta=_decode_meta(meta),
        occurred_at=occurred_at,
        recorded_at=recorded_at,
    )


def fact_of(row: LogRow) -> Fact:
    """The fact in a row, `Unreadable` where this code cannot decode it."""
    try:
        return to_fact(row)
    except Exception as error:  # noqa: BLE001 - upcasters are our code, and may raise anything
        return _without_meta(row) or _unreadable(row, error)


def meta_of(stored: bytes) -> Meta:
    """Where a fact comes from, as far as that can be decoded."""
    try:
        return _decode_meta(stored)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return UNKNOWN


def must_be_readable(fact: Fact) -> Fact:
    """The fact; raises UnreadableFact, which names it, for one that this code cannot decode."""
    if isinstance(fact, Unreadable):
        raise UnreadableFact(sentence_of(fact))
    return fact


def must_be_of_this_release(facts: Sequence[Fact]) -> Sequence[Fact]:
    """The facts; raises UnknownFact if a later release has written one of them: what follows from it is its matter."""
    for fact in facts:
        if isinstance(fact, Unreadable) and fact.is_of_later_release:
            raise UnknownFact(sentence_of(fact))
    return facts


def readable(facts: Iterable[Fact]) -> list[Fact]:
    """
    The facts of the streams that can be read, for lists of many things.

    A fact that cannot be decoded takes its stream with it: a fold of the rest could say what is not so.
    """
    found = list(facts)
    broken = {fact.stream_id for fact in found if isinstance(fact, Unreadable)}
    return [fact for fact in found if fact.stream_id not in broken] if broken else found


def sentence_of(fact: Unreadable) -> str:
    """What is wrong with which fact."""
    which = f"the fact at position {fact.position} ({fact.type}, version {fact.schema_version})"
    return f"{which} cannot be read: {fact.error}"


def _without_meta(row: LogRow) -> Fact | None:
    try:
        return to_fact((*row[:7], _encode(UNKNOWN), *row[8:])) if meta_of(row[7]) is UNKNOWN else None
    except Exception:  # noqa: BLE001 - as above
        return None


def _unreadable(row: LogRow, error: Exception) -> Unreadable:
    position, stream_id, stream_version, name, schema_version, partition, _, meta, occurred_at, recorded_at = row
    return Unreadable(
        position=position,
        stream_id=stream_id,
        stream_version=stream_version,
        type=name,
        schema_version=schema_version,
        partition=partition,
        data={},
        meta=meta_of(meta),
        occurred_at=occurred_at,
        recorded_at=recorded_at,
        error=f"{type(error).__name__}: {error}",
        is_of_later_release=isinstance(error, UnknownFact),
    )
