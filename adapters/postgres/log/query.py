"""
Reads of the log by query: facts of some types with some tags, each place by an index where there is one.

stream   the index of streams
second   an index of its own (`FIRST_FACTS`), else the index of streams, over all streams of the category
data     an index of its own (`INDEXED`), else all streams of the category: reference streams, which are few
stored   the table `event_tags`

A query without a tag reads the log in the order of positions.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from adapters.postgres.log.places import DATA, SECOND, STORED, STREAM, Place, places_of, split
from domain.tags import Query, QueryItem

INDEXED = {("quiz-", "run_id"): "type = 'quiz.published' AND run_of_quiz(data) = "}  # migration 0172
FIRST_FACTS = {
    "order-": ("order.placed",),  # migration 0241
    "attempt-": ("attempt.started", "attempt.submitted", "attempt.graded"),  # migration 0307
}
"""By category, the facts that are looked for by the second id."""

COST = {STREAM: 0, STORED: 0, DATA: 1, SECOND: 2}

Found = tuple[str, Place]
"""What follows the kind in a tag, and a place where it may be."""


class _Values(dict[str, Any]):
    """The parameters of a statement, by the names of their placeholders."""

    def add(self, value: Any) -> str:
        """Take a value; returns its placeholder."""
        name = f"v{len(self)}"
        self[name] = value
        return f"%({name})s"


def statement(query: Query, columns: str, after: int, limit: int | None = None) -> tuple[str, dict[str, Any]]:
    """
    A statement for the head of the log and the first *limit* facts above *after* that match, and its parameters.

    Each row has the head first; if nothing matches, there is one row, with NULLs after the head.
    """
    values = _Values()
    select = f"SELECT {columns} FROM events WHERE position > {values.add(after)}"
    branches = [f"{select}{condition}" for item in query or (QueryItem(),) for condition in _conditions(values, item)]
    found = f"SELECT * FROM ({branches[0]}) AS found"
    if len(branches) > 1:
        found = (
            f"SELECT DISTINCT ON (position) * FROM ({' UNION ALL '.join(f'({each})' for each in branches)}) AS found"
        )
    ordered = f"{found} ORDER BY position LIMIT {values.add(limit)}::bigint"
    joined = f"log_head LEFT JOIN LATERAL ({ordered}) AS found ON true"
    return f"SELECT log_head.position AS head, found.* FROM {joined} ORDER BY found.position", values


def _conditions(values: _Values, item: QueryItem) -> Iterator[str]:
    """What the facts of an item meet: one condition for each place where its best tag may be found."""
    types = f" AND type = ANY({values.add(list(item.types))})" if item.types else ""
    places: dict[str, list[Found]] = {}
    for tag in item.tags:
        kind, value = split(tag)
        places[tag] = [(value, place) for place in places_of(kind, item.types)]
    if not places:
        yield types
        return
    best = min(places, key=lambda tag: max((COST[place.kind] for _, place in places[tag]), default=0))
    for found in places[best]:
        for condition in _by_index(values, item.types, *found):
            others = (_either(values, others) for tag, others in places.items() if tag != best)
            # OFFSET 0 keeps the planner from reading the log in the order of positions until the limit is reached.
            yield f" AND {condition}{''.join(others)}{types} OFFSET 0"
    if not places[best]:
        yield " AND false"


def _by_index(values: _Values, types: Sequence[str], tail: str, place: Place) -> Iterator[str]:
    """Conditions for which there are indexes; a fact of the place meets one of them."""
    whole = place.prefix + tail
    if place.kind == STREAM:
        yield f"stream_id = {values.add(whole)}"
        yield f"stream_id >= {values.add(whole + ':')} AND stream_id < {values.add(whole + ';')}"
    elif place.kind == SECOND:
        first = FIRST_FACTS.get(place.prefix, ())
        indexed = " OR ".join(f"type = '{each}'" for each in first)
        where = f"({indexed})" if types and set(types) <= {*first} else _category(values, place)
        yield f"{where} AND split_part(stream_id, ':', 2) = {values.add(tail)}"
    elif place.kind == STORED:
        yield f"position IN (SELECT position FROM event_tags WHERE tag = {values.add(whole)})"
    elif (place.prefix, place.field) in INDEXED:
        yield INDEXED[place.prefix, place.field] + values.add(tail)
    else:
        yield f"{_category(values, place)} AND {_field(values, place)} = {values.add(tail)}"


def _either(values: _Values, found: Sequence[Found]) -> str:
    """The condition that a fact meets in one of the places."""
    return f" AND ({' OR '.join(_filter(values, *each) for each in found) or 'false'})"


def _filter(values: _Values, tail: str, place: Place) -> str:
    if place.kind == STREAM:
        return f"split_part(stream_id, ':', 1) = {values.add(place.prefix + tail)}"
    if place.kind == STORED:
        stored = f"tag = {values.add(place.prefix + tail)} AND event_tags.position = events.position"
        return f"EXISTS (SELECT FROM event_tags WHERE {stored})"
    own = "split_part(stream_id, ':', 2)" if place.kind == SECOND else _field(values, place)
    return f"(starts_with(stream_id, {values.add(place.prefix)}) AND {own} = {values.add(tail)})"


def _category(values: _Values, place: Place) -> str:
    """The streams of a place's category, as a range of their index."""
    return f"stream_id >= {values.add(place.prefix)} AND stream_id < {values.add(place.prefix[:-1] + '.')}"


def _field(values: _Values, place: Place) -> str:
    return f"json_or_null(data) ->> {values.add(place.field)}"
