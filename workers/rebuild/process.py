"""
One process of a rebuild: folds the log in memory, then writes the rows into tables without indexes.

It runs at a low priority (`Settings.background_niceness`), so that API and workers go first. A segment that it has
written is complete; the next rebuild folds again what a process that died had not written.
"""

import asyncio
import os
import resource
import signal
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec
import structlog

from adapters import gc_tuning
from adapters.embedded.process import end_with_parent
from adapters.logging import configure
from adapters.postgres.bulk.page_reader import PageReader, open_connection
from adapters.postgres.log.postgres_log import HEAD
from adapters.settings import Settings
from adapters.spill import ResidentMemory, SqliteSpill
from projections.engine.bulk.fold import BulkFold, Task, UndoTypes, fold_with_restarts
from projections.engine.bulk.pages import PageSource, SourceFailed
from projections.engine.bulk.rows import MemoryBudget
from projections.engine.live import ChangedKey
from projections.engine.spill import SpillFailed
from workers.rebuild.lock import RebuildError
from workers.rebuild.report import ProcessReport, timed
from workers.rebuild.segment_writer import SegmentJob, SegmentWriter
from workers.support.session import SessionLost, open_session

NEARLY = 5_000  # missing facts, at which the fold in memory ends
ROUNDS = 20  # of catching up, at most


@dataclass(frozen=True)
class WorkerJob:
    """
    The job of one process.

    Attributes:
        head: position up to which step `bulk` goes; step `catch_up` folds later facts.
        export: a directory with the log as Parquet; the facts that it has are read from there.
        ahead: read the next page while one is folded; with fewer processes than cores, a process is to use one core.
    """

    settings: Settings
    segment_jobs: tuple[SegmentJob, ...]
    head: int
    export: Path | None = None
    ahead: bool = False


class WorkerMessage(msgspec.Struct, frozen=True):
    """A message to the parent process: a step and what was done of it since the last message; or the end."""

    step: str = ""
    done: int = 0
    report: ProcessReport | None = None
    error: str | None = None


def work(job: WorkerJob, pipe: Connection, environment: Mapping[str, str]) -> None:
    """
    Do *job* in this process, and send progress and the report through *pipe*.

    Args:
        environment: of the process that asks for it; the server that has forked this one has that of its own start.
    """
    os.environ.clear()
    os.environ.update(environment)
    end_with_parent(signal.SIGKILL)
    parent = parent_process()
    if parent is None or not parent.is_alive():  # it died before `end_with_parent` took effect
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent kills this process
    configure(job.settings.log_level, process="rebuild")
    os.setpriority(os.PRIO_PROCESS, 0, job.settings.background_niceness)
    gc_tuning.disable_for_batch()
    try:
        pipe.send(WorkerMessage(report=Process(job, pipe).run()))
    except (RebuildError, SessionLost, SourceFailed, SpillFailed, ChangedKey) as error:
        pipe.send(WorkerMessage(error=str(error)))
    except Exception as error:  # noqa: BLE001 - the parent raises it; the trace is in the log
        structlog.get_logger().exception("rebuild.process_failed")
        pipe.send(WorkerMessage(error=f"{type(error).__name__}: {error}"))


class Process:
    """The fold and the writing of one process."""

    def __init__(self, job: WorkerJob, pipe: Connection) -> None:
        self._job = job
        self._pipe = pipe
        self._report = ProcessReport(pid=os.getpid())
        self._log = PageReader(job.settings, ahead=job.ahead)

    def run(self) -> ProcessReport:
        """Fold, catch up and write."""
        with closing(ResidentMemory()) as resident, closing(SqliteSpill()) as spill_store:
            fold, position = fold_with_restarts(
                lambda undo_types: self._fold(undo_types, MemoryBudget(spill_store, resident))
            )
            with timed(self._report.seconds, "write"):
                asyncio.run(self._write(fold, position))
        self._report.facts = position
        self._report.peak_mib = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
        return self._report

    def _fold(self, undo_types: UndoTypes, budget: MemoryBudget) -> tuple[BulkFold, int]:
        """Fold the log; returns also the position up to which it was folded."""
        self._report.restarts = len(undo_types)
        if undo_types:
            structlog.get_logger().info("rebuild.folds_again", fails_at=sorted(undo_types))
        fold = BulkFold(
            [Task(each.projection, each.segments, each.skipped) for each in self._job.segment_jobs], undo_types, budget
        )
        return fold, self._fold_all(fold)

    def _fold_all(self, fold: BulkFold) -> int:
        position, head = 0, self._job.head
        with timed(self._report.seconds, "bulk"):
            if self._job.export is not None:
                from adapters.parquet.pages import ExportPages  # here, since PyArrow takes 80 MiB
                from adapters.parquet.read import Export

                export = Export.open(self._job.export)
                position = self._fold_pages(fold, ExportPages(export), "bulk", 0, min(head, export.position))
            position = self._fold_pages(fold, self._log, "bulk", position, head)
        with timed(self._report.seconds, "catch_up"):
            for _ in range(ROUNDS):
                head = self._head()
                if head - position <= NEARLY:
                    break
                position = self._fold_pages(fold, self._log, "catch_up", position, head)
        return position

    def _head(self) -> int:
        with open_connection(self._job.settings) as connection:
            row = connection.execute(HEAD).fetchone()
            return int(row[0]) if row else 0

    def _fold_pages(self, fold: BulkFold, source: PageSource, step: str, after: int, until: int) -> int:
        """Fold the facts after position *after*, up to and with *until*; returns *until*."""
        at = after
        for page in source.pages(fold.wanted, after, until):
            fold.fold(page)
            self._report.read += len(page.kinds)
            self._send(step, page.until - at)
            at = page.until
        self._send(step, until - at)
        return until

    async def _write(self, fold: BulkFold, position: int) -> None:
        async with open_session(self._job.settings, "rows", "rebuild") as (connection, valkey):
            writer = SegmentWriter(connection, valkey, self._job.settings, fold, position)
            await writer.write(self._job.segment_jobs, lambda: self._send("write", 1))

    def _send(self, step: str, done: int) -> None:
        self._pipe.send(WorkerMessage(step, done))
