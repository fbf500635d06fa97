"""
Where the log has the facts that carry a tag.

A tag of the campus's own facts is no value in a table: it follows from the id of a stream or from a field. So who looks
for a tag looks in some places, which follow from what the aggregates declare; the tags of the `eventsourcing` library's
events are in the table `event_tags`. adapters/migrations/0190_conditional_appends.sql has the same kinds.
"""

from functools import lru_cache
from typing import NamedTuple

from domain.registry import AGGREGATE_OF, AGGREGATES
from domain.tags import kind_of

STREAM, SECOND, DATA, STORED = "stream", "second", "data", "stored"


class Place(NamedTuple):
    """
    Where tags of one kind may be found: what follows the kind in a tag is the value.

    Attributes:
        kind: `stream`: a stream's id up to the first `:` is prefix and value; `second`: the second id of a stream whose
            id begins with the prefix is the value; `data`: a field of the facts of such a stream is the value;
            `stored`: the table `event_tags` has prefix and value.
        prefix: `enrollment-` for a category, `run:` for stored tags.
        field: name of the field, for `data`.
    """

    kind: str
    prefix: str
    field: str = ""


@lru_cache(4096)  # the kinds of the library's tags may be many
def places_of(kind: str, types: tuple[str, ...] = ()) -> tuple[Place, ...]:
    """Where facts of these types, or of any, may carry a tag of a *kind* (`run:` of `run:AAA`)."""
    categories = {AGGREGATE_OF[name].category for name in types if name in AGGREGATE_OF}
    places = []
    for aggregate in AGGREGATES:
        if not types or aggregate.category in categories:
            prefix = f"{aggregate.category}-"
            named = zip((STREAM, SECOND), aggregate.ids, strict=False)
            places += [Place(place, prefix) for place, name in named if f"{kind_of(name)}:" == kind]
            places += [Place(DATA, prefix, field) for field in aggregate.tagged_by if f"{kind_of(field)}:" == kind]
    if not types or any(name not in AGGREGATE_OF for name in types):
        places.append(Place(STORED, kind))
    return tuple(places)


def split(tag: str) -> tuple[str, str]:
    """The kind of a tag, with its colon (`run:`), and the value; a tag without a colon is all value."""
    kind, colon, value = tag.partition(":")
    return (kind + colon, value) if colon else ("", tag)
