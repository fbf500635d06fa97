"""
The conditions of appends: no fact after a position matches a query.

`append_events()` checks them (adapters/migrations/0240_cheaper_appends.sql). What is written here for it says two
things: the conditions themselves, and by what little it can know that nothing matches them, which is nearly always so.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from adapters.postgres.log.places import DATA, places_of, split
from domain.tags import Query, QueryItem

if TYPE_CHECKING:
    from adapters.postgres.log.append import Append

NEAR = 1_000  # positions from a condition to the head of the log that `append_events()` may walk over

NO_CONDITIONS: tuple[Any, ...] = (None, 0, 0, None, None, [], True)


class Condition(msgspec.Struct, frozen=True):
    """
    What has to hold for an append besides the versions of its streams.

    Attributes:
        query: no fact above the position *after* may match it.
    """

    query: Query
    after: int


class _Form(msgspec.Struct, frozen=True, eq=False):
    """
    What many items have in common: types, number of tags, and the places of each tag.

    Attributes:
        by_id: whether a fact of the campus that matches has the value of one of the tags as an id of its stream.
    """

    types: tuple[str, ...] | None
    tags: int
    places: tuple[tuple[int, str, str, str], ...]
    by_id: bool


class _Described(msgspec.Struct):
    """The conditions of a batch, for `overtaking()`: appends, positions, forms and values of their items."""

    forms: list[_Form]
    items: list[tuple[int, int, int, list[str]]]


_encode = msgspec.json.Encoder().encode


@lru_cache(4096)
def _form(types: tuple[str, ...], kinds: tuple[str, ...]) -> _Form:
    places = tuple((number, *place) for number, kind in enumerate(kinds) for place in places_of(kind, types))
    in_data = {number for number, kind, *_ in places if kind == DATA}
    return _Form(types or None, len(kinds), places, len(in_data) < len(kinds))


def condition_arguments(batch: Sequence["Append"]) -> tuple[Any, ...]:
    """The parameters of `append_events()` for the conditions of a batch, at least one."""
    items: list[tuple[int, int, int, list[str]]] = []
    numbers: dict[_Form, int] = {}
    wanted: set[str] = set()
    seen: set[str] = set()  # ids of the streams of the appends before
    apart = True
    for append, unit in enumerate(batch, 1):
        for condition in unit.conditions:
            for item in condition.query or (QueryItem(),):
                parts = [split(tag) for tag in dict.fromkeys(item.tags)]
                form = _form(item.types, tuple([kind for kind, _ in parts]))
                values = [value for _, value in parts]
                items.append((append, condition.after, numbers.setdefault(form, len(numbers) + 1), values))
                wanted.update(values)
                apart = apart and seen.isdisjoint(values)
        for event in unit.events:
            seen.update(event.stream_id.partition("-")[2].split(":"))
    forms = list(numbers)
    afters = [after for _, after, _, _ in items]
    described = (_encode(_Described(list(numbers), items)).decode(), min(afters), max(afters))
    if any(form.types is None and not form.by_id for form in forms):
        return *described, None, None, [], False
    others = {name for form in forms if not form.by_id for name in form.types or ()}
    types = None if any(form.types is None for form in forms) else {name for form in forms for name in form.types or ()}
    apart = apart and not (others and any(event.type in others for unit in batch for event in unit.events))
    return *described, list(wanted), None if types is None else list(types), list(others), apart
