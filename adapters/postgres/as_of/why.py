"""
Why a field of any row of any read model has its value: which facts changed it, and by which rule.

A row is named by its view (its table, or its read model for the first table of it) and the values of its key, with
commas between them. The facts are those from which a rebuild would make the row.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from adapters.postgres.as_of.folder import KeyFolder
from domain.errors import NotFound, Rejected
from projections.engine.diff.replay import same
from projections.engine.distribution import key_of_row, partitioned_tables, whole_key
from projections.engine.moment import Moment
from projections.engine.projection import Projection, RowKey, Table
from projections.engine.watch import Change, Watched, watch

MOST_FACTS = 100_000  # that are folded one by one for one row


class NoSuchView(NotFound):
    """No read model has a table of this name."""

    code = "no_such_view"
    template = "no read model has a view {view}: there are {views}"


class NotExplained(Rejected):
    """What was asked for is no field of a row that can be explained."""

    code = "not_explained"


class Place(NamedTuple):
    """
    A field of a row.

    Attributes:
        owner: the key whose facts make the row; None where reference facts do.
        path: names that lead from the row to the value.
    """

    projection: Projection
    row: RowKey
    owner: str | None
    path: tuple[str, ...]

    @property
    def learner_id(self) -> str | None:
        """The learner whose row it is; None if it is not one learner's."""
        columns = partitioned_tables(self.projection).get(self.row.table)
        return self.owner if columns is not None and columns.names == ("learner_id",) else None


class Expectation(NamedTuple):
    """
    Where a value went apart from the one that was expected.

    Attributes:
        was_ever: whether the field ever had it.
        change: the first that led away from it, for good; of a value that never was, the first of all. None if the
            field has the value, or never changed.
    """

    value: Any
    was_ever: bool
    change: Change | None


class Explanation(NamedTuple):
    """
    A field of a row at a moment.

    Attributes:
        unread: by type, how many facts of the same key the read model does not read.
    """

    place: Place
    moment: Moment
    watched: Watched
    unread: Mapping[str, int]


def place_of(projections: Iterable[Projection], view: str, key: str, field: str) -> Place:
    """
    The field of a row that is meant.

    Args:
        key: the values of the row's key, with commas.
        field: `best_bp`, or the way to a value within: `courses/AAA-2013J/percent`.

    Raises:
        NoSuchView, NotExplained: there is no such view, or its rows are not found so.
    """
    projection, table = _table(list(projections), view)
    if table.distribution == "partial":
        raise NotExplained(
            f"a row of {table.name} adds up over the facts of many keys: ask for the rows of one of them"
        )
    values = key.split(",")
    whole = whole_key(table, dict(zip(table.key, values, strict=False))) if len(values) == len(table.key) else None
    if whole is None:
        raise NotExplained(f"a row of {table.name} is found by {','.join(table.key)}, with commas, and not by {key!r}")
    path = tuple(name for name in field.split("/") if name)
    if not path or path[0] not in table.row.__struct_fields__:
        fields = ", ".join(table.row.__struct_fields__)
        raise NotExplained(f"rows of {table.name} have no field {field!r}: they have {fields}")
    columns = partitioned_tables(projection).get(table)
    owner = key_of_row(columns, table, whole) if columns else None
    return Place(projection, RowKey(table, whole), owner, path)


def _table(projections: list[Projection], view: str) -> tuple[Projection, Table]:
    for projection in projections:
        for table in projection.tables:
            if view == table.name:
                return projection, table
    for projection in projections:
        if view == projection.name:
            return projection, projection.tables[0]
    views = ", ".join(sorted(table.name for projection in projections for table in projection.tables))
    raise NoSuchView(view=view, views=views)


async def explain(folder: KeyFolder, place: Place, moment: Moment) -> Explanation:
    """
    How the field has got its value.

    Raises:
        NotExplained: too many facts make the row.
    """
    facts = await folder.facts(place.owner, moment, [place.row])
    if len(facts) > MOST_FACTS:
        raise NotExplained(f"{len(facts):,} facts make this row, more than are folded one by one")
    watched = await asyncio.to_thread(watch, place.projection, place.row, place.path, facts)
    unread = Counter(await folder.unread(place.owner, moment)) if place.owner is not None else {}
    return Explanation(place, moment, watched, dict(sorted(unread.items())))


def expected(watched: Watched, text: str) -> Expectation:
    """Where the field went apart from a value, as JSON or as it is written."""
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    changes = watched.changes
    if same(watched.value, value):
        return Expectation(value, was_ever=True, change=None)
    left = next((change for change in reversed(changes) if same(change.before, value)), None)
    return Expectation(value, left is not None, left or (changes[0] if changes else None))
