"""
The fold over the whole log: pages of facts in, the rows of several projections out, all in one pass.

A keyed fact changes rows of one segment of each projection; a reference fact those of every segment. Types of facts
tell which is which: a type lies on streams of its own aggregate only.

Poison parks its key, as it does live. A fact that cannot be decoded does so at once. A handler that raises may leave
half a change, which is found out too late to undo: the fold ends with `RestartFold` and begins again, with that type
among those that are folded with undo: each change keeps a copy of the rows as they were.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, TypeVar

import msgspec

from domain.registry import FACTS, REFERENCE_FACTS
from domain.streams import PARTITIONS, is_reference, partition_of_key
from projections.engine.bulk.pages import BulkFact, ColumnPage, FactFilter
from projections.engine.bulk.rows import BulkRows, MemoryBudget
from projections.engine.distribution import segment_of
from projections.engine.live import ChangedKey, FactCounts, Poison, poison_of
from projections.engine.projection import (
    Handler,
    KeyedRow,
    Projection,
    ReplicaRows,
    RowKey,
    Rows,
    key_values,
)
from projections.engine.rows import FAILURES, Interrupted, UndoableRows, UnreadableFact, apply_or_undo, needs_or_error

Apply = Callable[[Any, Rows], None]
ApplySteps = tuple[tuple[Apply, Rows], ...]
T = TypeVar("T")

EVERYWHERE = frozenset(range(PARTITIONS))


class Task(NamedTuple):
    """
    Segments of one projection to be folded.

    Attributes:
        skipped: positions of facts that operators have skipped.
        waiting: keys that are to wait, with their segment, and the position of the first fact of each that does.
    """

    projection: Projection
    segments: tuple[int, ...]
    skipped: frozenset[int] = frozenset()
    waiting: Mapping[tuple[int, str], int] = {}


class RestartFold(Exception):
    """
    A handler has failed, and its half change is in the rows: fold again, with undo copies for facts of this type.

    Attributes:
        failed_at: the name of the projection, and the type of the fact.
    """

    def __init__(self, projection: str, type_name: str, error: BaseException) -> None:
        super().__init__(f"{projection} failed at a fact of type {type_name}: {error}")
        self.failed_at = projection, type_name


UndoTypes = frozenset[tuple[str, str]]
"""Names of projections, each with a type of fact at which it is known to fail."""


def fold_with_restarts(fold: Callable[[UndoTypes], T]) -> T:
    """The result of *fold*, which is called again with one more type to undo after each RestartFold."""
    undo_types: UndoTypes = frozenset()
    while True:
        try:
            return fold(undo_types)
        except RestartFold as restart:
            undo_types |= {restart.failed_at}


@dataclass(eq=False)
class SegmentFold:
    """
    One segment of one projection in the fold.

    Attributes:
        copies: the rows as reference facts see them.
        waiting: parked keys, and the position of the first fact of each that waits.
        parked, skipped: facts of its own partitions.
        left: it folds nothing more.
    """

    task: Task
    segment: int
    rows: BulkRows
    copies: Rows
    waiting: dict[str, int] = field(default_factory=dict)
    poison: list[Poison] = field(default_factory=list)
    parked: int = 0
    skipped: int = 0
    left: bool = False

    def waits(self, fact: BulkFact) -> bool:
        """Whether a fact belongs to a parked key, and comes at or after the one that failed."""
        first = self.waiting.get(fact.key)
        return first is not None and fact.position >= first

    def owns(self, partition: int) -> bool:
        """Whether a partition's facts count here."""
        return segment_of(partition, self.task.projection.segments) == self.segment

    @property
    def partitions(self) -> frozenset[int]:
        """Those whose facts count here."""
        return frozenset(filter(self.owns, EVERYWHERE))


class TypeFold(NamedTuple):
    """How one segment of a projection folds one kind of fact."""

    part: SegmentFold
    apply: Apply
    rows: Rows


class BulkFold:
    """
    Folds pages for several projections.

    Args:
        undo_types: folds facts of these types so that nothing is left of one that fails.
        budget: limits the memory of this process; without it all rows stay in memory. Its spill store is emptied.
    """

    def __init__(
        self,
        tasks: Collection[Task],
        undo_types: Collection[tuple[str, str]] = frozenset(),
        budget: MemoryBudget | None = None,
    ) -> None:
        self._undo_types, self._budget = frozenset(undo_types), budget
        if budget is not None:
            budget.spill_store.clear()  # of rows that an interrupted fold has left
        self._parts: dict[tuple[str, int], SegmentFold] = {}
        for task in tasks:
            for segment in task.segments:
                self._add(task, segment)
        self._skipped = frozenset[int]().union(*(task.skipped for task in tasks))
        self._types = tuple(sorted({name for task in tasks for name in task.projection.handlers}))
        self._guarded = {(part, partition_of_key(key)) for part in self._parts.values() for key in part.waiting}
        self._plans: list[ApplySteps] = [()] * (len(self._types) * PARTITIONS)
        self._planned: set[int] = set()
        self._seen: Counter[int] = Counter()

    def _add(self, task: Task, segment: int) -> None:
        place = task.projection.name, segment
        if place in self._parts:
            raise ValueError(f"segment {segment} of {task.projection.name} is to be folded twice")
        first_table_no = sum(len(part.task.projection.tables) for part in self._parts.values())
        rows = BulkRows(task.projection.tables, self._budget.spill_store if self._budget else None, first_table_no)
        waiting = {key: first for (of, key), first in task.waiting.items() if of == segment}
        self._parts[place] = SegmentFold(task, segment, rows, ReplicaRows(rows) if segment else rows, waiting)

    @property
    def wanted(self) -> FactFilter:
        """The facts that these projections and segments read."""
        where: defaultdict[str, frozenset[int]] = defaultdict(frozenset)
        for part in self._parts.values():
            if not part.left:
                own = part.partitions
                for name in part.task.projection.handlers:
                    where[name] |= EVERYWHERE if name in REFERENCE_FACTS else own
        everywhere = frozenset(name for name, found in where.items() if len(found) == PARTITIONS or name not in FACTS)
        partitions = frozenset[int]().union(*(found for name, found in where.items() if name not in everywhere))
        return FactFilter(self._types, everywhere, partitions)

    def fold(self, page: ColumnPage) -> None:
        """
        Fold the next page.

        Raises:
            RestartFold: a handler has failed; begin again.
            SourceFailed: something that a handler asked for could not be read.
            SpillFailed: rows could not be put into a temporary file or read back.
        """
        counts = Counter(page.kinds)
        self._seen.update(counts)
        for kind in counts.keys() - self._planned:  # few of all kinds occur
            self._plans[kind] = self._plan(kind)
            self._planned.add(kind)
        if page.unreadable or (self._skipped and not self._skipped.isdisjoint(page.positions)):
            self._fold_one_by_one(page)
        else:
            self._fold_fast(page)
        if self._budget is not None:
            self._budget.enforce([part.rows for part in self._parts.values()])

    def begin_with(self, projection: str, segment: int, rows: Iterable[KeyedRow]) -> None:
        """Take the rows that a segment had after earlier facts; those that wait since then are in its Task."""
        self._parts[projection, segment].rows.put(rows)

    def waiting(self, projection: str, segment: int) -> Mapping[str, int]:
        """The keys of a segment that wait, and the position of the first fact of each that does."""
        return self._parts[projection, segment].waiting

    def freeze(self, projection: str, segment: int) -> None:
        """Fold nothing more in a segment, which is then at another position than the others; it has no account."""
        self._parts[projection, segment].left = True
        self._planned.clear()

    def _fold_fast(self, page: ColumnPage) -> None:
        try:
            for fact, plan in zip(page.facts(), map(self._plans.__getitem__, page.kinds), strict=True):
                for apply, rows in plan:
                    apply(fact, rows)
        except Interrupted:
            raise
        except FAILURES as error:
            failed = next(entry for entry in self._entries(fact.kind) if entry.rows is rows)
            raise self._restart(failed.part, fact, error) from error

    def _fold_one_by_one(self, page: ColumnPage) -> None:
        """Fold a page in which some facts are not to be applied."""
        for fact in page.facts():
            for part, apply, rows in self._entries(fact.kind, fact):
                if fact.position in part.task.skipped:
                    part.skipped += part.owns(fact.partition)
                elif fact.position in page.unreadable:
                    self._not_readable(part, fact, page.unreadable[fact.position])
                else:
                    try:
                        apply(fact, rows)
                    except Interrupted:
                        raise
                    except FAILURES as error:
                        raise self._restart(part, fact, error) from error

    def _restart(self, part: SegmentFold, fact: BulkFact, error: BaseException) -> RestartFold:
        """Give up: the rows can go at once, without waiting for a collector that a rebuild has turned off."""
        self._plans.clear()  # which hold on to this object
        return RestartFold(part.task.projection.name, fact.type, error)

    def _plan(self, kind: int) -> ApplySteps:
        return tuple((entry.apply, entry.rows) for entry in self._entries(kind))

    def _entries(self, kind: int, fact: BulkFact | None = None) -> Iterator[TypeFold]:
        """Who folds this kind of fact, and how."""
        name, partition = self._types[kind // PARTITIONS], kind % PARTITIONS
        reference = name in REFERENCE_FACTS if fact is None else is_reference(fact.stream_id)
        for part in self._parts.values():
            handler = part.task.projection.handlers.get(name)
            if handler is not None and not part.left and (reference or part.owns(partition)):
                apply: Apply = handler.apply
                if (part.task.projection.name, name) in self._undo_types:
                    apply = partial(self._with_undo, part, handler)
                if (part, partition) in self._guarded:
                    apply = partial(self._unless_waiting, part, apply)
                yield TypeFold(part, apply, part.copies if reference else part.rows)

    def _with_undo(self, part: SegmentFold, handler: Handler, fact: Any, rows: Rows) -> None:
        """Apply a fact so that nothing is left of it if that fails."""
        needed = needs_or_error(part.task.projection, fact)
        error = apply_or_undo(handler, fact, needed, UndoableRows(rows, part.rows))
        if error is not None:
            self._park(part, fact, error)

    def _not_readable(self, part: SegmentFold, fact: BulkFact, why: str) -> None:
        if part.waits(fact):
            part.parked += part.owns(fact.partition)
            return
        self._park(part, fact, UnreadableFact(why))

    def _park(self, part: SegmentFold, fact: BulkFact, error: BaseException) -> None:
        """Let this fact and all later ones of its key wait; they are all of the same partition."""
        part.poison.append(poison_of(fact, error, part.segment))  # type: ignore[arg-type]
        part.waiting[fact.key] = fact.position
        part.parked += part.owns(fact.partition)
        self._guarded.add((part, fact.partition))
        for kind in self._planned.intersection(range(fact.partition, len(self._plans), PARTITIONS)):
            self._plans[kind] = self._plan(kind)

    @staticmethod
    def _unless_waiting(part: SegmentFold, apply: Apply, fact: BulkFact, rows: Rows) -> None:
        if part.waits(fact):
            part.parked += part.owns(fact.partition)
        else:
            apply(fact, rows)

    def rows(self, projection: str, segment: int) -> Iterator[tuple[RowKey, msgspec.Struct]]:
        """
        The rows of a segment, after the last page.

        Raises:
            ChangedKey: a rule has assigned to a field of a row's key.
        """
        for key, row in self._parts[projection, segment].rows.items():
            if (values := key_values(key.table, row)) != key.key:
                raise ChangedKey(
                    f"the rule of {projection} assigns to the key of a row: {key.table.name} {key.key} has become"
                    f" {values}"
                )
            yield key, row

    def poison(self, projection: str, segment: int) -> list[Poison]:
        """The facts at which a segment has failed."""
        return self._parts[projection, segment].poison

    def account(self, projection: str, segment: int) -> FactCounts:
        """What has become of the facts of the segment's partitions that the projection reads (`ignored` is 0)."""
        part = self._parts[projection, segment]
        handlers = part.task.projection.handlers
        read = sum(
            count
            for kind, count in self._seen.items()
            if self._types[kind // PARTITIONS] in handlers and part.owns(kind % PARTITIONS)
        )
        return FactCounts(read - part.parked - part.skipped, 0, part.parked, part.skipped)
