"""
What a fact is about, as tags, and queries for facts by type and tag.

A tag is `kind:id`. The facts of an aggregate carry one for each id in the name of their stream (`learner_id` 7 gives
`learner:7`) and one for each of their fields that the aggregate lists in `tagged_by`. So tags are stored nowhere, and
facts of long ago have them too.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from domain.fact import Fact
from domain.registry import BY_CATEGORY

ID = "_id"  # how the name of an id ends that gives a tag; `attempt_no` gives none


class QueryItem(msgspec.Struct, frozen=True):
    """Facts of one of these types, of any if there are none, that carry all of these tags."""

    types: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


Query = tuple[QueryItem, ...]
"""Facts that match one of the items; no items: all facts."""


def tag(kind: str, value: str) -> str:
    """The tag of something of a *kind*, such as `learner`."""
    return f"{kind}:{value}"


def kind_of(id_name: str) -> str | None:
    """The kind of the tags that an id of this name gives, None for none."""
    return id_name.removesuffix(ID) if id_name.endswith(ID) else None


def tags_of(stream: str, data: Mapping[str, Any]) -> tuple[str, ...]:
    """The tags of a fact with this *data* on a stream; none for a stream of an unknown category."""
    category, _, ids = stream.partition("-")
    aggregate = BY_CATEGORY.get(category)
    if aggregate is None:
        return ()
    values = dict(zip(aggregate.ids, ids.split(":"), strict=False))
    values |= {field: data[field] for field in aggregate.tagged_by if field in data}
    return tuple(tag(kind, value) for name, value in values.items() if (kind := kind_of(name)) is not None)


def matches(query: Query, fact: Fact) -> bool:
    """Whether a fact of the campus matches a query."""
    tags = set(tags_of(fact.stream_id, fact.data))
    return not query or any(
        (not item.types or fact.type in item.types) and tags.issuperset(item.tags) for item in query
    )
