"""The processes of a rebuild: started together, heard, and ended together."""

import asyncio
import multiprocessing
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from workers.rebuild.lock import RebuildError
from workers.rebuild.process import WorkerJob, WorkerMessage, work
from workers.rebuild.report import ProcessReport
from workers.support.progress import Advance, ProgressReporter

UNITS = {"bulk": "facts", "catch_up": "facts", "write": "segments"}
PATIENCE = 5.0  # seconds for a process to end after its report


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
        Run all jobs to their end.

        Raises:
            RebuildError: a process has failed or died; the others were killed.
        """
        context = multiprocessing.get_context("forkserver")  # a fork of this process would share our connections
        context.set_forkserver_preload([work.__module__])
        members = []
        with self._bar:
            try:
                for job in self._jobs:
                    ours, theirs = context.Pipe(duplex=False)
                    process = context.Process(target=work, args=(job, theirs, dict(os.environ)), daemon=True)
                    process.start()
                    theirs.close()  # else `recv` would not see that the process has ended
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
                message: WorkerMessage = await asyncio.to_thread(pipe.recv)
            except EOFError:
                process.join(PATIENCE)
                raise RebuildError(
                    f"process {process.pid} of the rebuild has died (exit code {process.exitcode}): start it again, and"
                    " it continues with the segments that are not written"
                ) from None
            if message.error is not None:
                raise RebuildError(f"process {process.pid} of the rebuild has failed: {message.error}")
            if message.report is not None:
                return message.report
            await self._show(message)

    async def _show(self, message: WorkerMessage) -> None:
        """Show the latest step that any process has reached: the mean of what all have done of it."""
        if message.step not in self._done:
            self._done[message.step] = 0
            self._bar.close()
            bar = self._progress(
                message.step.replace("_", " "), total=self._total(message.step), unit=UNITS[message.step]
            )
            self._advance = self._bar.enter_context(bar)
            await self._reached(message.step)
        before, after = self._done[message.step], self._done[message.step] + message.done
        self._done[message.step] = after
        if message.step == next(reversed(self._done)):
            share = 1 if message.step == "write" else len(self._jobs)
            self._advance(after // share - before // share)

    def _total(self, step: str) -> int | None:
        if step == "write":
            return sum(len(each.segments) for job in self._jobs for each in job.segment_jobs)
        return max(job.head for job in self._jobs) if step == "bulk" else None
