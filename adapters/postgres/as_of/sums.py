"""
Why a number has its value that adds up over many keys: its parts by key and by day, folded from the whole log.

The fold takes seconds, so it runs in a process of its own at a low priority: one at a time, killed when its time is up
or the question is withdrawn. The latest results are kept in memory, so that further pages cost nothing.
"""

import asyncio
import multiprocessing
import os
import signal
from collections import OrderedDict
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import NamedTuple

from adapters import gc_tuning
from adapters.embedded.process import end_with_parent
from adapters.postgres.as_of.why import NotExplained, Place
from adapters.postgres.bulk.page_reader import PageReader
from adapters.postgres.connection import Unavailable
from adapters.settings import Settings
from adapters.stores.fresh_fold import fresh_fold
from projections.engine.bulk.fresh import FoldTarget
from projections.engine.fingerprint import code_digest
from projections.engine.live import Exclusions
from projections.engine.moment import Moment
from projections.engine.summands import Summands, SummandWatch

MOST_KEPT = 8  # results in memory
LONGEST = 120.0  # seconds for one fold
PATIENCE = 5.0  # seconds for a process to end


class SumJob(NamedTuple):
    """What one process is to fold."""

    settings: Settings
    place: Place
    moment: Moment


class ExplainedSum(NamedTuple):
    """The parts of a number at a moment."""

    place: Place
    moment: Moment
    summands: Summands


class Sums:
    """Folds sums for one process of the API, one after the other, and keeps the latest results."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._turn = asyncio.Lock()
        self._kept: OrderedDict[tuple[object, ...], Summands] = OrderedDict()

    async def explain(self, place: Place, moment: Moment) -> Summands:
        """
        The parts of a number that adds up over many keys.

        Raises:
            NotExplained: the field is no number.
            Unavailable: the fold has failed, or takes longer than LONGEST.
        """
        known = (place.row, place.path, moment.position, moment.valid_at, code_digest(place.projection))
        async with self._turn:
            if known not in self._kept:
                self._kept[known] = await _folded(SumJob(self._settings, place, moment))
                if len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(known)
            return self._kept[known]


async def _folded(job: SumJob) -> Summands:
    context = multiprocessing.get_context("forkserver")  # a fork of this process would share our connections
    context.set_forkserver_preload([_work.__module__])
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(job, theirs, dict(os.environ)), daemon=True)
    try:
        await asyncio.to_thread(process.start)
        theirs.close()  # else `recv` would not see that the process has ended
        async with asyncio.timeout(LONGEST):
            while not ours.poll():  # noqa: ASYNC110 - another process's answer
                await asyncio.sleep(0.02)  # a pace; a thread that waits could not be given up
        found: Summands | str = ours.recv()
    except TimeoutError:
        raise Unavailable(f"the facts of this number were not folded within {LONGEST:.0f} s") from None
    except EOFError:
        raise Unavailable("the process that folds the facts of this number has died: ask again") from None
    finally:
        process.kill()
        await asyncio.to_thread(process.join, PATIENCE)
        ours.close()
    if isinstance(found, str):
        raise Unavailable(f"the facts of this number cannot be folded: {found}")
    if found.value is None and found.by_key:
        raise NotExplained(f"{'/'.join(job.place.path)} of {job.place.row.table.name} is no number")
    return found


def _work(job: SumJob, pipe: Connection, environment: Mapping[str, str]) -> None:
    """Fold in this process, and send the result, or what has gone wrong."""
    os.environ.clear()
    os.environ.update(environment)
    end_with_parent(signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent kills this process
    os.setpriority(os.PRIO_PROCESS, 0, job.settings.background_niceness)
    gc_tuning.disable_for_batch()
    try:
        pipe.send(fold_sum(job))
    except Exception as error:  # noqa: BLE001 - the parent raises it
        pipe.send(f"{type(error).__name__}: {error}")


def fold_sum(job: SumJob) -> Summands:
    """Fold all facts that the read model reads, and watch the number."""
    place, moment = job.place, job.moment
    watch = SummandWatch(place.projection, place.row, place.path, moment.valid_at)
    segments = range(place.projection.segments)
    target = FoldTarget(watch.projection, dict.fromkeys(segments, moment.position), Exclusions())
    with fresh_fold(PageReader(job.settings, ahead=True), [target]) as fold:
        row = next((row for key, row in fold.rows(target) if key == place.row), None)
        return watch.summands(row, len({poison.key for poison in fold.poison(target)}))
