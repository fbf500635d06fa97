"""
The fold: facts in, changed rows out, whatever keeps the rows.

One batch of facts reads the rows that it needs at once, changes them in memory, and writes each changed row once,
together with the checkpoint. Live and rebuild run these same lines over different stores.

A poison fact (one at which the projection raises) parks its key: this fact and all later ones of the same learner
or stream wait, everything else goes on. A fact that fails leaves no half change behind.
"""

import asyncio
import copy
import traceback
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from domain.fact import Fact
from projections.base import Projection, RowKey, Rows, RowT, Table

SLICE = 500  # facts folded before others in the process get a turn
TRACE_LENGTH = 4_000  # characters

Waiting = Mapping[str, int]
"""Parked keys, and the position of the first fact of each that has to wait."""

Loaded = dict[RowKey, msgspec.Struct]


class Unreadable(Fact, frozen=True, gc=False):
    """A stored fact that this code cannot decode: poison for every projection that reads its type."""

    error: str


class UnreadableFact(Exception):
    """A projection met a fact that cannot be decoded."""


class UndeclaredRow(Exception):
    """A handler changed a row that it had not named among those it needs."""


class Store(Protocol):
    """Where the rows and the checkpoint of one generation of one projection are."""

    async def position(self) -> int:
        """The checkpoint: the position of the last fact that is in the rows; 0 at the beginning."""
        ...

    async def load(self, keys: Iterable[RowKey]) -> Loaded:
        """Those of the rows that exist, each a fresh copy."""
        ...

    async def save(self, rows: Rows, *, before: int, after: int, healed: int | None = None) -> None:
        """
        Write the changed rows and move the checkpoint from *before* to *after*, all or nothing.

        Args:
            healed: id of the parked key that these rows make good, to be forgotten in the same step.

        Raises:
            Fenced: the checkpoint is not at *before*; nothing was written.
            Refused: the store does not take these rows; nothing was written.
        """
        ...


class Fenced(Exception):
    """The checkpoint is not where it was left: somebody else works on the same rows, or they were lost."""


class Refused(Exception):
    """Rows that the store cannot hold, such as a number out of range."""


class Poison(NamedTuple):
    """A fact at which a projection failed."""

    key: str
    position: int
    type: str
    error: str
    trace: str


class Folded(NamedTuple):
    """What a batch of facts came to: the rows, and the facts at which the projection failed."""

    rows: Rows
    poison: list[Poison]


def relevant(projection: Projection, facts: Iterable[Fact], waiting: Waiting) -> list[Fact]:
    """The facts that the projection reads, without those that wait for a parked key."""
    handlers = projection.handlers
    if not waiting:
        return [fact for fact in facts if fact.type in handlers]
    return [fact for fact in facts if fact.type in handlers and not is_waiting(fact, waiting)]


def is_waiting(fact: Fact, waiting: Waiting) -> bool:
    """Whether the fact belongs to a parked key and comes at or after the one that failed."""
    first = waiting.get(fact.key)
    return first is not None and fact.position >= first


async def fold_batch(projection: Projection, facts: Sequence[Fact], waiting: Waiting, store: Store) -> Folded:
    """Fold *facts* over the rows of *store*, without writing anything."""
    facts = relevant(projection, facts, waiting)
    try:
        return Folded(await _fold(projection, facts, store), [])
    except UnfitFact:
        return await _fold_carefully(projection, facts, store)


class UnfitFact(Exception):
    """Some fact of a batch makes the projection fail."""


async def _fold(projection: Projection, facts: Sequence[Fact], store: Store) -> Rows:
    """Fold at full speed; the first failure spoils the batch."""
    needed: set[RowKey] = set()
    try:
        for fact in facts:
            needed.update(projection.handlers[fact.type].needs(fact))
    except Exception as error:
        raise UnfitFact from error
    rows = Rows(await store.load(needed) if needed else {})
    for start in range(0, len(facts), SLICE):
        try:
            for fact in facts[start : start + SLICE]:
                _apply(projection, fact, rows)
        except Exception as error:
            raise UnfitFact from error
        await asyncio.sleep(0)
    if not rows.changed <= needed:
        raise UnfitFact from UndeclaredRow(str(next(iter(rows.changed - needed)).key))
    return rows


def _apply(projection: Projection, fact: Fact, rows: Rows) -> None:
    if type(fact) is Unreadable:
        raise UnreadableFact(fact.error)
    projection.handlers[fact.type].apply(fact, rows)


async def _fold_carefully(projection: Projection, facts: Sequence[Fact], store: Store) -> Folded:
    """Fold fact by fact, each undone if it fails, and let the keys of those that failed wait."""
    needs = [_needs_or_error(projection, fact) for fact in facts]
    rows = UndoableRows(await store.load(set().union(*(keys for keys in needs if not isinstance(keys, Exception)))))
    poison: list[Poison] = []
    waiting: dict[str, int] = {}
    for fact, needed in zip(facts, needs, strict=True):
        if is_waiting(fact, waiting):
            continue
        try:
            rows.begin(needed)
            _apply(projection, fact, rows)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises makes the fact poison
            rows.undo()
            waiting[fact.key] = fact.position
            poison.append(poison_of(fact, error))
    return Folded(rows, poison)


def _needs_or_error(projection: Projection, fact: Fact) -> set[RowKey] | Exception:
    try:
        return set(projection.handlers[fact.type].needs(fact))
    except Exception as error:  # noqa: BLE001 - as above
        return error


def poison_of(fact: Fact, error: Exception) -> Poison:
    """What to remember of a fact and of the error that it caused."""
    trace = "".join(traceback.format_exception(error))[-TRACE_LENGTH:]
    return Poison(fact.key, fact.position, fact.type, f"{type(error).__name__}: {error}", trace)


class UndoableRows(Rows):
    """Rows that can be put back to where they were before the fact at hand."""

    def begin(self, needed: set[RowKey] | Exception) -> None:
        """Begin with the next fact, which may change the rows that it *needed*; raises if they are not known."""
        self._before: dict[RowKey, tuple[msgspec.Struct | None, bool]] = {}
        if isinstance(needed, Exception):
            raise needed
        self._needed = needed

    def edit(self, table: Table, row: type[RowT], *key: str | int) -> RowT:
        """As in the base, but the row's present state is kept for `undo`."""
        row_key = RowKey(table, key)
        if row_key not in self._needed:
            raise UndeclaredRow(f"row {key} of {table.name} was changed but not named as needed")
        if row_key not in self._before:
            self._before[row_key] = copy.deepcopy(self.rows.get(row_key)), row_key in self.changed
        return super().edit(table, row, *key)

    def undo(self) -> None:
        """Forget what the fact at hand has done."""
        for row_key, (row, was_changed) in self._before.items():
            if row is None:
                self.rows.pop(row_key, None)
            else:
                self.rows[row_key] = row
            if not was_changed:
                self.changed.discard(row_key)
        self._before = {}
