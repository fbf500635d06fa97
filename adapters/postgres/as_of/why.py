"""
Why a field of any row of any read model has its value: which facts changed it, and by which rule.

A row is named by its view (its table, or its read model for the first table of it) and the values of its key, with
commas between them. The facts are those from which a rebuild would make the row.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from adapters.postgres.as_of.beside import Beside, facts_beside
from adapters.postgres.as_of.folder import KeyFolder
from adapters.postgres.as_of.members import Members, members_of
from adapters.postgres.as_of.totals import ANSWERS, added_up
from adapters.postgres.ops.failed_reactions import FailedReaction, of_key
from adapters.postgres.ops.refused_commands import Refused, refused_of
from domain.errors import NotFound, Rejected
from domain.registry import REFERENCE_FACTS
from projections.engine.diff.replay import same
from projections.engine.distribution import key_of_row, partitioned_tables, whole_key
from projections.engine.moment import Moment
from projections.engine.projection import Projection, RowKey, Table
from projections.engine.summands import Added, Term
from projections.engine.watch import Change, Watched, watch

MOST_BESIDE = 50  # facts and refused commands that are named beside a value that was expected
LEARNER = "learner_id"
MOST_FACTS = 100_000  # that are folded one by one for one row
BY_LEARNER = (
    "learners are counted by their rows as they stand, which no day has made: ask by `key`, and why a row is as it is"
    " with the view course_enrollments and the key RUN,LEARNER"
)


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
        view: as it was asked for, or the table.
        row: where several are added up, their table, with the key that was asked for.
        owner: the key whose facts make the row; None where reference facts do.
        path: names that lead from the row to the value.
        added: what is added up; None for a value that the facts of one key make.
        members: which rows are counted when the answer is read; None for any other number.
    """

    projection: Projection
    view: str
    row: RowKey
    owner: str | None
    path: tuple[str, ...]
    added: Added | None = None
    members: Members | None = None

    @property
    def asked(self) -> tuple[str, str, str]:
        """View, key and field, for `place_of`."""
        return self.view, ",".join(map(str, self.row.key)), "/".join(self.path)

    @property
    def learner_id(self) -> str | None:
        """The learner whose row it is; None if it is not one learner's."""
        columns = partitioned_tables(self.projection).get(self.row.table)
        if columns is None and self.is_undivided and LEARNER in self.row.table.key:
            return str(self.row.key[self.row.table.key.index(LEARNER)])
        return self.owner if columns is not None and columns.names == (LEARNER,) else None

    @property
    def is_undivided(self) -> bool:
        """Whether facts of any key may make the row: those of its own cannot be folded alone (undivided.py)."""
        keyed = (name for name in self.projection.handlers if name not in REFERENCE_FACTS)
        is_one = self.projection.segments == 1 and self.projection.newest is None
        return is_one and self.added is None and self.members is None and any(keyed)


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
        beside: facts of the same key that have not done what may be expected of them; empty unless it was asked for.
        refused: the latest commands about the learner that rules have refused, in the same way; *reactions* are what
            should have followed from facts of the key, and has not.
    """

    place: Place
    moment: Moment
    watched: Watched
    beside: Sequence[Beside] = ()
    refused: Sequence[Refused] = ()
    reactions: Sequence[FailedReaction] = ()

    @property
    def unread(self) -> Mapping[str, int]:
        """By type, how many facts of the same key the read model does not read."""
        found = Counter(each.fact.type for each in self.beside if each.reason == "not_read")
        return dict(sorted(found.items()))


def place_of(projections: Iterable[Projection], view: str, key: str, field: str) -> Place:
    """
    The field of a row that is meant.

    Args:
        key: the values of the row's key, with commas.
        field: `best_bp`, or the way to a value within: `courses/AAA-2013J/percent`.

    Raises:
        NoSuchView, NotExplained: there is no such view, or its rows are not found so.
    """
    known, values = list(projections), key.split(",")
    path = tuple(name for name in field.split("/") if name)
    if (place := _of_answer(known, view, values, path)) is not None:
        return place
    if view in ANSWERS:
        raise NotExplained(f"{view} {key} has no number {field!r} that can be explained: {ANSWERS[view]}")
    projection, table = _table(known, view)
    whole = whole_key(table, dict(zip(table.key, values, strict=False))) if len(values) == len(table.key) else None
    if whole is None:
        raise NotExplained(f"a row of {table.name} is found by {','.join(table.key)}, with commas, and not by {key!r}")
    if not path or path[0] not in table.row.__struct_fields__:
        fields = ", ".join(table.row.__struct_fields__)
        raise NotExplained(f"rows of {table.name} have no field {field!r}: they have {fields}")
    row = RowKey(table, whole)
    if table.distribution == "partial":
        _check_number(table, whole, path)
        term = Term(path[0], "/".join(path[1:]) or None)  # the name of a count may have a slash in it
        return Place(projection, table.name, row, None, path, Added.of_row(row, term))
    columns = partitioned_tables(projection).get(table)
    owner = key_of_row(columns, table, whole) if columns else None
    return Place(projection, table.name, row, owner, path)


def _of_answer(projections: Sequence[Projection], view: str, key: Sequence[str], path: tuple[str, ...]) -> Place | None:
    """A number that is added up, or counted, when an answer is read; None if it is none."""
    added, members = added_up(view, key, path), members_of(view, key, path)
    table = added.table if added is not None else members.table if members is not None else None
    projection = next((each for each in projections if table in each.tables), None)
    if table is None or projection is None:
        return None
    return Place(projection, view, RowKey(table, tuple(key)), None, path, added, members)


def _check_number(table: Table, key: tuple[Any, ...], path: tuple[str, ...]) -> None:
    """Raise NotExplained for a field of a row of sums that is no number, nor a count of several in it."""
    blank = getattr(table.row(*key), path[0])
    if isinstance(blank, dict) and len(path) == 1:
        raise NotExplained(f"{path[0]} of {table.name} has several counts: name one of them, as {path[0]}/NAME")
    if not isinstance(blank, dict) and (not isinstance(blank, int | float) or len(path) > 1):
        raise NotExplained(f"{'/'.join(path)} of {table.name} is no number that adds up over many keys")


def _table(projections: list[Projection], view: str) -> tuple[Projection, Table]:
    for projection in projections:
        for table in projection.tables:
            if view == table.name:
                return projection, table
    for projection in projections:
        if view == projection.name:
            return projection, projection.tables[0]
    names = {table.name for projection in projections for table in projection.tables}
    views = ", ".join(sorted({*names, *ANSWERS}))
    raise NoSuchView(view=view, views=views)


async def explain(folder: KeyFolder, place: Place, moment: Moment, *, beside: bool = False) -> Explanation:
    """
    How the field has got its value.

    Args:
        beside: also which facts of the key have not done what may be expected of them, for a value that was expected.

    Raises:
        NotExplained: too many facts make the row.
    """
    facts = await folder.facts(place.owner, moment, [place.row])
    if len(facts) > MOST_FACTS:
        raise NotExplained(f"{len(facts):,} facts make this row, more than are folded one by one")
    watched = await asyncio.to_thread(watch, place.projection, place.row, place.path, facts)
    if not beside:
        return Explanation(place, moment, watched)
    refused, reactions = list[Refused](), list[FailedReaction]()
    if (learner_id := place.learner_id) is not None:
        refused = await folder.link.run(lambda connection: refused_of(connection, learner_id, moment.now, MOST_BESIDE))
    if (owner := place.owner) is not None:
        until = moment.position
        reactions = await folder.link.run(lambda connection: of_key(connection, owner, until, MOST_BESIDE))
    found = await facts_beside(folder, place.owner, moment, facts)
    return Explanation(place, moment, watched, found, refused, reactions)


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
