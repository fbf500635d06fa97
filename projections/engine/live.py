"""
The fold: facts in, changed rows out, whatever keeps the rows.

One batch of facts reads the rows that it needs at once, changes them in memory, and writes each changed row once,
together with the checkpoint. A rebuild runs the same handlers over the whole log (projections/engine/bulk/fold.py).

A poison fact (one at which the projection raises) parks its key: this fact and all later ones of the same learner
or stream wait, everything else goes on. A fact that fails leaves no half change.
"""

import asyncio
import traceback
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple, Protocol

import msgspec

from domain.fact import Fact
from domain.streams import is_reference
from projections.engine.distribution import segment_of
from projections.engine.projection import (
    Projection,
    ReplicaRows,
    RowKey,
    Rows,
    key_values,
)
from projections.engine.rows import FAILURES, DeclaredRows, UndoableRows, apply_or_undo, apply_readable, needs_or_error

SLICE = 500  # facts folded before others in the process get a turn
FEW = 4  # keys of rows that are found in a tuple as fast as in a set, which would have to be made
TRACE_LENGTH = 4_000  # characters
TRACE_FRAMES = 30  # the innermost ones; to format all thousand of an endless recursion takes longer than the fold

Needed = dict[int, set[RowKey]]  # keys of rows, by segment
LoadedRows = dict[int, dict[RowKey, msgspec.Struct]]  # rows, by segment


class OwnedSegments(NamedTuple):
    """Some segments of a read model that has so many."""

    segments: int
    owned: tuple[int, ...]


_encode = msgspec.json.Encoder().encode

UNDIVIDED = OwnedSegments(1, (0,))


@dataclass
class Exclusions:
    """
    Facts that are not to be folded.

    Attributes:
        waiting: parked keys with their segment, and the position of the first fact of each that has to wait.
        skipped: positions of facts that operators have skipped.
    """

    waiting: dict[tuple[int, str], int] = field(default_factory=dict)
    skipped: frozenset[int] = frozenset()

    def waits(self, segment: int, fact: Fact) -> bool:
        """Whether the fact belongs to a parked key and comes at or after the one that failed."""
        first = self.waiting.get((segment, fact.key))
        return first is not None and fact.position >= first

    def park(self, poison: "Poison") -> None:
        """Let the key of a poison fact wait."""
        place = poison.segment, poison.key
        self.waiting[place] = min(poison.position, self.waiting.get(place, poison.position))


class ChangedKey(Exception):
    """A rule has assigned to a field of a row's key, so that the row would be written in another's place."""


@dataclass
class FactCounts:
    """What has become of the facts of one segment's partitions."""

    applied: int = 0
    ignored: int = 0
    parked: int = 0
    skipped: int = 0


class Batch(NamedTuple):
    """
    What is written in one step.

    Attributes:
        rows: the changed rows of each segment that has any.
        before: the checkpoint at which all segments of `accounts` are, and `after` the one to which they move.
        accounts: the segments that move, and what to add to the counts of each.
        healed: id of the parked key that these rows make good, to be forgotten in the same step.
        deleted: rows of each segment that should not be there.
        mark: when the fact at `after` was recorded; a store apart from the log keeps it beside the checkpoint.
    """

    rows: Mapping[int, Rows]
    before: int
    after: int
    accounts: Mapping[int, FactCounts]
    healed: int | None = None
    deleted: Mapping[int, Collection[RowKey]] = {}
    mark: str = ""


class RowSnapshot(NamedTuple):
    """
    Some rows as they were at one moment.

    Attributes:
        positions: the checkpoint of every segment.
        healed: ids of parked keys that these rows have made good and that may not be forgotten yet.
    """

    positions: dict[int, int]
    rows: LoadedRows
    healed: list[int]


class Store(Protocol):
    """Where the rows and the checkpoints of one generation of one projection are."""

    async def load(self, keys: Needed) -> LoadedRows:
        """Those of the rows that exist, each a fresh copy; every segment of *keys* is in the answer."""
        ...

    async def save(self, batch: Batch) -> None:
        """
        Write the changed rows and move the checkpoints, all or nothing.

        Raises:
            Fenced: a checkpoint is not where it must be, or another projector owns it by now; nothing was written.
            RowRejected: the store does not take these rows; nothing was written.
        """
        ...


class Fenced(Exception):
    """The checkpoint is not where it was left: another projector works on the same rows, or they were lost."""


class RowRejected(Exception):
    """Rows that the store cannot hold, such as a number out of range."""


def encoded(key: RowKey, row: msgspec.Struct) -> bytes:
    """
    A row as JSON, as stores keep it.

    Raises:
        RowRejected: it would be another's row, or could not be read back.
    """
    try:
        text = _encode(row)
        _decoder(type(row))(text)
    except (ValueError, TypeError, RecursionError, msgspec.MsgspecError) as error:
        raise RowRejected(f"{key.table.name}, row {key.key}: {error}") from error
    if (values := key_values(key.table, row)) != key.key:
        raise RowRejected(f"{key.table.name}, row {key.key}: the rule assigns to its key, which has become {values}")
    return text


@lru_cache(maxsize=256)
def _decoder(row: type[msgspec.Struct]) -> Callable[[bytes], msgspec.Struct]:
    return msgspec.json.Decoder(row).decode


class Poison(NamedTuple):
    """A fact at which a projection failed, in one of its segments."""

    key: str
    position: int
    type: str
    error: str
    trace: str
    segment: int = 0


class Folded(NamedTuple):
    """The result of a batch of facts: the rows of each segment, the facts that failed, and what became of all."""

    rows: dict[int, Rows]
    poison: list[Poison]
    accounts: dict[int, FactCounts]


_tuple = tuple.__new__
"""Makes a named tuple of its values in a third of the time: there is one for each fact of each read model."""


class SegmentFact(NamedTuple):
    """A fact as one segment folds it; `counts` in the counts of that segment; `reference` if others fold it as well."""

    segment: int
    fact: Fact
    counts: bool
    reference: bool


async def fold_batch(
    projection: Projection, facts: Sequence[Fact], held: Exclusions, store: Store, share: OwnedSegments = UNDIVIDED
) -> Folded:
    """Fold *facts* over the rows of *store*, for the segments of *share*, without writing anything."""
    accounts = {segment: FactCounts() for segment in share.owned}
    parts = _parts(projection, facts, held, share, accounts)
    try:
        return Folded(await _fold(projection, parts, store, share), [], accounts)
    except BatchFailed:
        return Folded(*await _fold_carefully(projection, parts, store, share, accounts), accounts)


class BatchFailed(Exception):
    """Some fact of a batch makes the projection fail."""


def _parts(
    projection: Projection,
    facts: Sequence[Fact],
    held: Exclusions,
    share: OwnedSegments,
    accounts: Mapping[int, FactCounts],
) -> list[SegmentFact]:
    """The facts that the projection folds, as each segment does, in log order; the others are accounted for."""
    handlers, waiting = projection.handlers, bool(held.waiting)
    parts: list[SegmentFact] = []
    for fact in [fact for fact in facts if fact.type in handlers]:
        home = segment_of(fact.partition, share.segments)
        account = accounts.get(home)
        if fact.position in held.skipped:
            if account is not None:
                account.skipped += 1
        elif is_reference(fact.stream_id):
            parts += [
                SegmentFact(segment, fact, segment == home, reference=True)
                for segment in share.owned
                if not (waiting and held.waits(segment, fact))
            ]
            if account is not None:
                waits = waiting and held.waits(home, fact)
                account.parked += waits
                account.applied += not waits
        elif account is not None:
            if waiting and held.waits(home, fact):
                account.parked += 1
            else:
                account.applied += 1
                parts.append(_tuple(SegmentFact, (home, fact, True, False)))
    _count_ignored(facts, share, accounts)
    return parts


def _count_ignored(facts: Sequence[Fact], share: OwnedSegments, accounts: Mapping[int, FactCounts]) -> None:
    """What is left of the facts of each segment; most of the log is, for most read models."""
    by_partition = Counter([fact.partition for fact in facts]) if share.segments > 1 else {0: len(facts)}
    for partition, found in by_partition.items():
        account = accounts.get(segment_of(partition, share.segments))
        if account is not None:
            account.ignored += found
    for account in accounts.values():
        account.ignored -= account.applied + account.parked + account.skipped


async def _fold(
    projection: Projection, parts: Sequence[SegmentFact], store: Store, share: OwnedSegments
) -> dict[int, Rows]:
    """Fold at full speed; the first failure spoils the batch."""
    handlers, needed = projection.handlers, {segment: set[RowKey]() for segment in share.owned}
    needs: list[Collection[RowKey]] = []
    try:
        for segment, fact, _, _ in parts:
            keys = handlers[fact.type].needs(fact)
            if type(keys) is not tuple or len(keys) > FEW:
                keys = set(keys)
            needs.append(keys)
            needed[segment].update(keys)
    except FAILURES as error:
        raise BatchFailed from error
    rows = await _rows_for(needed, store)
    views = [{segment: DeclaredRows(view) for segment, view in each.items()} for each in _views(rows)]
    for start in range(0, len(parts), SLICE):
        try:
            for (segment, fact, _, reference), keys in zip(
                parts[start : start + SLICE], needs[start : start + SLICE], strict=True
            ):
                handler, view = handlers[fact.type], views[reference][segment]
                view.begin(keys, handler.writes)
                apply_readable(handler, fact, view)
        except FAILURES as error:
            raise BatchFailed from error
        await asyncio.sleep(0)
    return rows


async def _rows_for(needed: Needed, store: Store) -> dict[int, Rows]:
    wanted = {segment: keys for segment, keys in needed.items() if keys}
    loaded = await store.load(wanted) if wanted else {}
    return {segment: Rows(loaded.get(segment)) for segment in needed}


def _views(rows: Mapping[int, Rows]) -> tuple[Mapping[int, Rows], Mapping[int, Rows]]:
    """The rows of each segment as a keyed fact sees them, and (second) as a reference fact does."""
    return rows, {segment: ReplicaRows(of_segment) if segment else of_segment for segment, of_segment in rows.items()}


async def _fold_carefully(
    projection: Projection,
    parts: Sequence[SegmentFact],
    store: Store,
    share: OwnedSegments,
    accounts: Mapping[int, FactCounts],
) -> tuple[dict[int, Rows], list[Poison]]:
    """Fold fact by fact, each undone if it fails, and let the keys of those that failed wait."""
    needs = [needs_or_error(projection, part.fact) for part in parts]
    needed: Needed = {segment: set() for segment in share.owned}
    for part, keys in zip(parts, needs, strict=True):
        if not isinstance(keys, BaseException):
            needed[part.segment] |= keys
    rows = await _rows_for(needed, store)
    views = [{segment: UndoableRows(view, rows[segment]) for segment, view in each.items()} for each in _views(rows)]
    held, poison = Exclusions(), list[Poison]()
    for (segment, fact, counts, reference), keys in zip(parts, needs, strict=True):
        if not held.waits(segment, fact):
            error = apply_or_undo(projection.handlers[fact.type], fact, keys, views[reference][segment])
            if error is None:
                continue
            poison.append(poison_of(fact, error, segment))
            held.park(poison[-1])
        if counts:
            accounts[segment].applied -= 1
            accounts[segment].parked += 1
    return rows, poison


def poison_of(fact: Fact, error: BaseException, segment: int = 0) -> Poison:
    """What to remember of a fact and of the error that it caused."""
    trace = "".join(traceback.format_exception(error, limit=-TRACE_FRAMES))[-TRACE_LENGTH:]
    return Poison(fact.key, fact.position, fact.type, f"{type(error).__name__}: {error}", trace, segment)
