"""
Why a number has its value that adds up over many keys: its parts by key and by day, folded from the whole log.

The fold takes seconds, so the auditor carries it out like those of whole read models (folds.py), and keeps the result:
another who asks, or a further page, reads it. A command folds in its own process, for which a person waits.
"""

import asyncio
import zlib
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

import msgspec

from adapters.postgres.as_of import folds
from adapters.postgres.as_of.waiting import FoldWaiter
from adapters.postgres.as_of.why import NotExplained, Place
from adapters.postgres.bulk.page_reader import PageReader
from adapters.postgres.connection import Link, Unavailable
from adapters.settings import Settings
from adapters.stores.fresh_fold import fresh_fold
from projections.engine.bulk.fresh import FoldTarget
from projections.engine.live import Exclusions
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
    place = job.place
    if place.added is None:
        raise ValueError(f"{place.view} adds nothing up")
    watch = SummandWatch(place.projection, place.added, job.valid_at)
    target = FoldTarget(watch.projection, dict.fromkeys(range(place.projection.segments), job.position), Exclusions())
    with fresh_fold(PageReader(job.settings, ahead=True), [target], tell) as fold:
        return watch.summands(fold.rows(target), len({poison.key for poison in fold.poison(target)}))


def encoded(summands: Summands) -> bytes:
    """The parts as they are kept."""
    return zlib.compress(msgspec.msgpack.encode(summands), LEVEL)


def decoded(found: bytes) -> Summands:
    """The parts from what is kept of them."""
    return msgspec.msgpack.decode(zlib.decompress(found), type=Summands)
