"""
The processes of a rebuild: started, listened to, and ended together.
"""

import asyncio
import multiprocessing
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from workers.rebuild.lock import RebuildError
from workers.rebuild.process import WorkerJob, WorkerMessage, work
from workers.rebuild.report import ProcessReport
from workers.support.progress import Advance, ProgressReporter

UNITS = {"bulk": "facts", "catch_up": "facts", "write": "segments"}
PATIENCE = 5.0  # seconds for a process to end that has reported


class RebuildPool:
    """
    Processes that each do a job.

    Args:
        reached: called when the first of them reaches a step.
    """

    def __init__(
        self, jobs: Sequence[WorkerJob], progress: ProgressReporter, reached: Callable[[str], Awaitable[None]]
    ) -> None:
        self._jobs = jobs
        self._progress = progress
        self._reached = reached
        self._bar = ExitStack()
        self._advance: Advance = lambda _: None
        self._done: dict[str, int] = {}

    async def run(self) -> list[ProcessReport]:
        """
        Have all jobs done.

        Raises:
            RebuildError: a process has failed or died; the others were ended.
        """
        context = multiprocessing.get_context("spawn")  # a fork would share our connections
        members = []
        with self._bar:
            try:
                for job in self._jobs:
                    ours, theirs = context.Pipe(duplex=False)
                    process = context.Process(target=work, args=(job, theirs), daemon=True)
                    process.start()
                    theirs.close()  # or the end of the process would not show
                    members.append((process, ours))
                return list(await asyncio.gather(*(self._listen(*member) for member in members)))
            finally:
                for process, pipe in members:
                    process.kill()
                    process.join(PATIENCE)
                    pipe.close()

    async def _listen(self, process: BaseProcess, pipe: Connection) -> ProcessReport:
        while True:
            try:
                told: WorkerMessage = await asyncio.to_thread(pipe.recv)
            except EOFError:
                process.join(PATIENCE)
                raise RebuildError(
                    f"process {process.pid} of the rebuild has died (exit code {process.exitcode}): start it again, and"
                    " it goes on with what is left"
                ) from None
            if told.error is not None:
                raise RebuildError(f"process {process.pid} of the rebuild has failed: {told.error}")
            if told.report is not None:
                return told.report
            await self._show(told)

    async def _show(self, told: WorkerMessage) -> None:
        """Show the step that the first process has reached, as the mean of all."""
        if told.step not in self._done:
            self._done[told.step] = 0
            self._bar.close()
            bar = self._progress(told.step.replace("_", " "), total=self._total(told.step), unit=UNITS[told.step])
            self._advance = self._bar.enter_context(bar)
            await self._reached(told.step)
        before, after = self._done[told.step], self._done[told.step] + told.done
        self._done[told.step] = after
        if told.step == next(reversed(self._done)):
            share = 1 if told.step == "write" else len(self._jobs)
            self._advance(after // share - before // share)

    def _total(self, step: str) -> int | None:
        if step == "write":
            return sum(len(piece.segments) for job in self._jobs for piece in job.pieces)
        return max(job.head for job in self._jobs) if step == "bulk" else None
