"""
The process of a fold for a moment: from the nearest snapshot, the facts since then, by the engine of rebuilds.

It dies with the auditor, which starts it; what it has kept by then stays. A person waits for a fold that was asked for,
so its process gives way to others only a little; one that takes a snapshot gives way as all that works in background.
"""

import os
import signal
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from multiprocessing import parent_process
from multiprocessing.connection import Connection

import msgspec
import structlog

from adapters import gc_tuning
from adapters.embedded.process import end_with_parent
from adapters.logging import configure
from adapters.postgres.as_of.snapshots import Snapshot, begin_fold, keep, nearest, open_connection
from adapters.postgres.as_of.sums import SumJob, encoded, fold_sum
from adapters.postgres.bulk.page_reader import PageReader
from adapters.postgres.connection import PatientSyncConnection
from adapters.settings import Settings
from adapters.spill import ResidentMemory, SqliteSpill
from projections.engine.bulk.fold import UndoTypes, fold_with_restarts
from projections.engine.bulk.rows import MemoryBudget
from projections.engine.projection import Projection

ASKED_FOR = 2  # niceness of a fold for which a person waits


@dataclass(frozen=True)
class FoldJob:
    """
    What one process folds.

    Attributes:
        valid_at: facts that happened later are left out; None for none.
        is_regular: whether the result is kept to fold from, or for those who have asked for it.
    """

    settings: Settings
    projections: tuple[Projection, ...]
    position: int
    valid_at: datetime | None = None
    is_regular: bool = False


class FoldMessage(msgspec.Struct, frozen=True):
    """A message to the parent: how many facts are passed, and of how many; or the end, with what was found."""

    done: int = 0
    total: int = 0
    ended: bool = False
    error: str | None = None
    found: bytes | None = None


def work(job: FoldJob | SumJob, pipe: Connection, environment: Mapping[str, str]) -> None:
    """Do *job* in this process, and say through *pipe* how far it is."""
    os.environ.clear()
    os.environ.update(environment)
    end_with_parent(signal.SIGKILL)
    parent = parent_process()
    if parent is None or not parent.is_alive():  # it died before `end_with_parent` took effect
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent kills this process
    configure(job.settings.log_level, process="as-of")
    os.nice(niceness_of(job))
    gc_tuning.disable_for_batch()
    try:
        found = do(job, lambda done, total: pipe.send(FoldMessage(done, total)))
        pipe.send(FoldMessage(ended=True, found=found))
    except Exception as error:  # noqa: BLE001 - the parent notes it; the trace is in the log
        structlog.get_logger().exception("as_of.fold_failed", position=job.position)
        pipe.send(FoldMessage(ended=True, error=f"{type(error).__name__}: {error}"))


def niceness_of(job: FoldJob | SumJob) -> int:
    """By how much its process gives way to others."""
    in_background = job.settings.background_niceness
    return in_background if isinstance(job, FoldJob) and job.is_regular else min(in_background, ASKED_FOR)


Tell = Callable[[int, int], None]


def do(job: FoldJob | SumJob, tell: Tell) -> bytes | None:
    """Carry out a job; returns the parts of a number, if they are what is asked for."""
    if isinstance(job, FoldJob):
        fold(job, tell)
        return None
    return encoded(fold_sum(job, Advance(job.position, tell)))


class Advance:
    """Says how many facts are passed, of how many."""

    def __init__(self, total: int, tell: Tell) -> None:
        self._total, self._tell, self._done = total, tell, 0
        tell(0, total)

    def __call__(self, facts: int) -> None:
        """So many more."""
        self._done += facts
        self._tell(self._done, self._total)


def fold(job: FoldJob, tell: Tell) -> None:
    """Fold each read model up to the moment and keep its rows, one read model after the other."""
    with closing(open_connection(job.settings)) as connection, closing(ResidentMemory()) as resident:
        snapshots = {each: nearest(connection, each, job.position, job.valid_at) for each in job.projections}
        advance = Advance(sum(job.position - snapshot.position for snapshot in snapshots.values()), tell)
        one_by_one = OneByOne(job, connection, advance)
        for projection, snapshot in snapshots.items():
            if snapshot.position == job.position and not job.is_regular:
                continue  # it is kept already
            with closing(SqliteSpill()) as spill_store:
                budget = MemoryBudget(spill_store, resident)
                fold_with_restarts(partial(one_by_one.fold, projection, snapshot, budget))


class OneByOne:
    """Folds the read models of a job."""

    def __init__(self, job: FoldJob, connection: PatientSyncConnection, advance: Advance) -> None:
        self._job, self._connection, self._advance = job, connection, advance

    def fold(self, projection: Projection, snapshot: Snapshot, budget: MemoryBudget, undo_types: UndoTypes) -> None:
        """Fold one, from a snapshot on, and keep its rows; may raise RestartFold."""
        job, at = self._job, snapshot.position
        one = begin_fold(self._connection, projection, snapshot, undo_types, budget)
        for page in PageReader(job.settings).pages(one.wanted._replace(valid_at=job.valid_at), at, job.position):
            one.fold(page)
            self._advance(page.until - at)
            at = page.until
        self._advance(job.position - at)
        keep(
            self._connection,
            one,
            projection,
            snapshot,
            position=job.position,
            valid_at=job.valid_at,
            is_regular=job.is_regular,
        )
