"""
Why a number has its value that adds up over many keys: its parts by key and by day, folded from the whole log.

The fold takes seconds, so the auditor carries it out like those of whole read models (folds.py), and keeps the result:
another who asks, or a further page, reads it. A command folds in its own process, for which a person waits.
"""

import asyncio
import zlib
from collections import OrderedDict
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from typing import NamedTuple

import msgspec

from adapters.postgres.as_of import folds
from adapters.postgres.as_of.waiting import FoldWaiter
from adapters.postgres.as_of.why import NotExplained, Place
from adapters.postgres.bulk.page_reader import PageReader
from adapters.postgres.connection import Link, Unavailable
from adapters.settings import Settings
from adapters.spill import ResidentMemory, SqliteSpill
from projections.engine.bulk.fold import BulkFold, Task, UndoTypes, fold_with_restarts
from projections.engine.bulk.rows import MemoryBudget
from projections.engine.merge import merged
from projections.engine.moment import Moment
from projections.engine.summands import Summands, SummandWatch

MOST_KEPT = 8  # results in memory
LEVEL = 1  # of zlib, the quickest: a fold is waited for


class SumJob(NamedTuple):
    """The parts of a number of *place* (one that has `added`) that are to be found, as of a position."""

    settings: Settings
    place: Place
    position: int
    valid_at: datetime | None = None


class ExplainedSum(NamedTuple):
    """The parts of a number at a moment."""

    place: Place
    moment: Moment
    summands: Summands


class Sums:
    """The parts of numbers for one process of the API, which keeps the latest in memory."""

    def __init__(self, link: Link, waiter: FoldWaiter) -> None:
        self._link = link
        self._waiter = waiter
        self._kept: OrderedDict[str, Summands] = OrderedDict()

    async def explain(self, place: Place, moment: Moment) -> Summands:
        """
        The parts of a number that adds up over many keys.

        Raises:
            NotExplained: the field is no number.
            StillFolding: the fold takes longer than a query waits.
            Unavailable: it has failed.
        """
        if moment.position == 0:
            return Summands()
        fold = await self._waiter.done([place.projection], moment, place.asked)
        if fold.id not in self._kept:
            found = await self._link.run(lambda connection: folds.found_by(connection, fold))
            if found is None:
                raise Unavailable("the parts of this number were deleted since they were found: ask again")
            self._kept[fold.id] = await asyncio.to_thread(decoded, found)
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(fold.id)
        return checked(place, self._kept[fold.id])


def checked(place: Place, summands: Summands) -> Summands:
    """The parts of a number; raises NotExplained if it is none."""
    if summands.value is None and summands.by_key:
        raise NotExplained(f"{'/'.join(place.path)} of {place.view} is no number")
    return summands


def fold_sum(job: SumJob, tell: Callable[[int], None] = lambda _: None) -> Summands:
    """Fold all facts that the read model reads, and watch the number; *tell* gets how many facts were passed since."""
    with closing(ResidentMemory()) as resident, closing(SqliteSpill()) as spill_store:
        fold = OneFold(job, MemoryBudget(spill_store, resident), tell)
        return fold_with_restarts(fold.run)


class OneFold:
    """The fold of one number, which may have to begin again."""

    def __init__(self, job: SumJob, budget: MemoryBudget, tell: Callable[[int], None]) -> None:
        if job.place.added is None:
            raise ValueError(f"{job.place.view} adds nothing up")
        self._job, self._added = job, job.place.added
        self._budget, self._tell, self._passed = budget, tell, 0

    def run(self, undo_types: UndoTypes) -> Summands:
        """The parts of the number; may raise RestartFold."""
        job = self._job
        watch = SummandWatch(job.place.projection, self._added)
        name, segments = watch.projection.name, range(watch.projection.segments)
        fold = BulkFold([Task(watch.projection, tuple(segments))], undo_types, self._budget)
        wanted = fold.wanted._replace(valid_at=job.valid_at)
        for page in PageReader(job.settings, ahead=True).pages(wanted, 0, job.position):
            fold.fold(page)
            self._pass(page.until)
        self._pass(job.position)
        failed = {poison.key for segment in segments for poison in fold.poison(name, segment)}
        rows = merged((segment, *row) for segment in segments for row in fold.rows(name, segment))
        return watch.summands(rows, len(failed))

    def _pass(self, position: int) -> None:
        if position > self._passed:
            self._tell(position - self._passed)
            self._passed = position


def encoded(summands: Summands) -> bytes:
    """The parts as they are kept."""
    return zlib.compress(msgspec.msgpack.encode(summands), LEVEL)


def decoded(found: bytes) -> Summands:
    """The parts from what is kept of them."""
    return msgspec.msgpack.decode(zlib.decompress(found), type=Summands)
