"""
What the id of a stream says: its category, its ids by name, and the key of its facts.

`enrollment-7:AAA` is of category `enrollment`, with the ids `learner_id` 7 and `run_id` AAA, as its aggregate declares;
the key of its facts is 7. A stream of an unknown category is its own key. A million facts lie on some ten thousand
streams, so what follows from a stream's id is cached, and each id is one text in memory, however many rows have it.
"""

import zlib
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from operator import itemgetter
from sys import intern
from typing import Any

from domain.registry import BY_CATEGORY

PARTITIONS = 64
CACHED = 1 << 16  # streams

cached_by_stream = lru_cache(maxsize=CACHED)
"""Decorates a function of a stream's id."""


class UnknownId(LookupError):
    """A stream has no id of the wanted name."""


@cached_by_stream
def ids_of(stream: str) -> Mapping[str, str]:
    """
    The ids within a stream's id, by name.

    Raises:
        UnknownId: no aggregate has streams of this category, or not with so many ids.
    """
    category, _, ids = stream.partition("-")
    aggregate, parts = BY_CATEGORY.get(category), ids.split(":")
    if aggregate is None or len(parts) != len(aggregate.ids):
        raise UnknownId(f"the ids within {stream} have no names")
    return dict(zip(aggregate.ids, parts, strict=True))


@cache  # one cache of streams, however many projections ask for the same names
def named_ids(*names: str) -> Callable[[str], tuple[str, ...]]:
    """
    A cached function from a stream's id to its ids of these names, in this order.

    It raises UnknownId for a stream that lacks one.
    """
    return cached_by_stream(_pick(names))


@cache
def named_id(name: str) -> Callable[[str], str]:
    """A cached function from a stream's id to its id of this name; it raises UnknownId for a stream without one."""
    pick = _pick((name,))
    return cached_by_stream(lambda stream: pick(stream)[0])


def _pick(names: tuple[str, ...]) -> Callable[[str], tuple[str, ...]]:
    """The function itself, for logs with more streams than are cached: it looks at the names once per category."""
    pickers: dict[str, tuple[int, Callable[[list[str]], tuple[str, ...]]]] = {}  # with the number of ids

    def pick(stream: str) -> tuple[str, ...]:
        category, _, ids = stream.partition("-")
        parts = list(map(intern, ids.split(":")))
        picker = pickers.get(category)
        if picker is None or picker[0] != len(parts):
            pickers[category] = picker = len(parts), _picker(stream, names)
        return picker[1](parts)

    return pick


def _picker(stream: str, names: tuple[str, ...]) -> Callable[[list[str]], tuple[str, ...]]:
    """A function from the ids of a stream such as this one to those of these names; raises UnknownId."""
    declared = list(ids_of(stream))
    for name in names:
        if name not in declared:
            raise UnknownId(f"{stream} has no {name}")
    if list(names) == declared:
        return tuple
    places = [declared.index(name) for name in names]
    if len(places) == 1:
        return lambda parts: (parts[places[0]],)
    return itemgetter(*places)


def id_of(stream: str, name: str) -> str:
    """The id of this name within a stream's id; raises UnknownId if there is none."""
    return named_id(name)(stream)


@cached_by_stream
def id_or_none(stream: str, name: str) -> str | None:
    """The id of this name within a stream's id, even if others are missing; None if it is empty or not there."""
    category, _, ids = stream.partition("-")
    aggregate = BY_CATEGORY.get(category)
    if aggregate is None or name not in aggregate.ids:
        return None
    parts, place = ids.split(":"), aggregate.ids.index(name)
    return parts[place] or None if place < len(parts) else None


def key_of(stream: str) -> str:
    """What the facts of a stream are partitioned by: the id that its aggregate is keyed by, or the stream itself."""
    category, _, ids = stream.partition("-")
    aggregate = BY_CATEGORY.get(category)
    return stream if aggregate is None or aggregate.keyed_by is None else ids.partition(":")[0]


@cached_by_stream
def is_reference(stream: str) -> bool:
    """Whether every segment folds the facts of a stream."""
    aggregate = BY_CATEGORY.get(stream.partition("-")[0])
    return aggregate is not None and aggregate.scope == "reference"


def partition_of(stream: str) -> int:
    """Partition of a stream, 0 to 63: that of its key."""
    return partition_of_key(key_of(stream))


def partition_of_key(key: str) -> int:
    """Partition of all facts of a key: its CRC-32."""
    return zlib.crc32(key.encode()) % PARTITIONS


def learner_of(stream: str, data: Mapping[str, Any]) -> str | None:
    """The learner to whose history a fact with this *data* belongs: the one of its stream, or the one that it names."""
    of_stream = id_or_none(stream, "learner_id")
    if of_stream is not None:
        return of_stream
    aggregate = BY_CATEGORY.get(stream.partition("-")[0])
    named = data.get("learner_id") if aggregate is not None and aggregate.mentions_learner else None
    return named if isinstance(named, str) else None
