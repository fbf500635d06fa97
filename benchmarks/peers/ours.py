"""Our own log, as `campus bench append` writes it."""

import time
from itertools import count

from adapters.command_bus.unit_of_work import new_event
from adapters.postgres.log.append import Append
from adapters.postgres.log.postgres_log import PostgresLog
from benchmarks.append import ours
from benchmarks.peers.peer import PAGE, STREAM_LENGTH, Bench, Measurement
from commands.log import Context
from domain.progress import CourseProgress, progress_stream

READER = progress_stream("reader", "run")


class OurPeer:
    """One process, with the connections of a log."""

    def __init__(self, log: PostgresLog) -> None:
        self._log = log
        self._numbers = count()
        self._after = 0

    @classmethod
    async def open(cls, bench: Bench) -> "OurPeer":
        """Connect, and fill the stream that is read."""
        log = await PostgresLog.open(bench.settings)
        progress = CourseProgress.blank(READER)
        for _ in range(STREAM_LENGTH):
            progress.record_activity("unit", "click", 1)
        await log.append(Append([new_event(event, Context("bench")) for event in progress.collect_events()]))
        return cls(log)

    async def rate(self, measurement: Measurement, seconds: float) -> float:
        """Facts a second."""
        what, writers, conditional = measurement
        if what == "append":
            return await ours(self._log, self._numbers, seconds, conditional=conditional, writers=writers)
        done, started = 0, time.perf_counter()
        while time.perf_counter() < started + seconds:
            done += len(await self._log.stream(READER)) if what == "read" else await self._page()
        return done / (time.perf_counter() - started)

    async def _page(self) -> int:
        facts = await self._log.read(self._after, PAGE)
        self._after = facts[-1].position if len(facts) == PAGE else 0
        return len(facts)

    async def close(self) -> None:
        """Close the connections."""
        await self._log.close()
