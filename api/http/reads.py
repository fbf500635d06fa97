"""
Reads of another person's records, as facts: who has read whose, once in an hour (decisions/0313).

A read costs a look into memory; what is new is recorded soon after, with others in one append, and waits for a log that
is away. A process that is killed loses what it has noted within the last second.
"""

import asyncio
from typing import NamedTuple

import structlog

from adapters.command_bus.bus import Bus
from adapters.command_bus.record_look import look_at, record_look
from adapters.jwt import JwtClaims
from adapters.postgres.connection import Unavailable
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.tasks import cancel_and_wait
from commands.log import Context
from domain.aggregate import ID_PATTERN

logger = structlog.get_logger(__name__)
RECORD_EVERY = 1.0  # seconds
MOST_NOTED = 100_000  # pairs of a reader and a learner that a process remembers
MOST_AT_ONCE = 500  # that are recorded together


class Pair(NamedTuple):
    """Who has read, and whose records."""

    by: str
    learner_id: str


class ReadsOfOthers:
    """What one process of the API has noted."""

    def __init__(self, log: PostgresLog, bus: Bus) -> None:
        self._log = log
        self._bus = bus
        self._hour = 0
        self._noted: set[Pair] = set()
        self._waiting: dict[Pair, Context] = {}
        self._task: asyncio.Task[None] | None = None

    def is_noted(self, user: JwtClaims, learner_id: str) -> bool:
        """Whether nothing is to be recorded: it was, within this hour, or the user reads the own records."""
        if learner_id in (user.subject, user.by):
            return True
        hour = int(self._bus.clock.now().timestamp()) // 3_600
        if hour != self._hour or len(self._noted) >= MOST_NOTED:
            self._hour = hour
            self._noted.clear()
        return Pair(user.by, learner_id) in self._noted

    def note(self, user: JwtClaims, role: str | None, learner_id: str, request_id: str) -> None:
        """Note that the user reads records of a learner; the first time in an hour it is recorded."""
        if self.is_noted(user, learner_id) or not ID_PATTERN.match(learner_id):
            return
        pair = Pair(user.by, learner_id)
        self._noted.add(pair)
        self._waiting[pair] = Context(user.by, self._bus.clock.now(), correlation_id=request_id, role=role)

    def start(self) -> None:
        """Record what is noted, until `stop`."""
        self._task = asyncio.create_task(self._keep_recording())

    async def stop(self) -> None:
        """Record what is still waiting, if the log takes it."""
        if self._task is not None:
            await cancel_and_wait([self._task])
        await self.record()
        if self._waiting:
            logger.warning("reads_not_recorded", count=len(self._waiting))

    async def record(self) -> None:
        """Record what waits; what the log does not take goes on waiting."""
        waiting = list(self._waiting.items())
        for first in range(0, len(waiting), MOST_AT_ONCE):
            pairs = waiting[first : first + MOST_AT_ONCE]
            taken = await asyncio.gather(*(self._record(pair, context) for pair, context in pairs))
            for (pair, context), is_taken in zip(pairs, taken, strict=True):
                if is_taken and self._waiting.get(pair) is context:
                    del self._waiting[pair]
            if not all(taken):
                return

    async def _record(self, pair: Pair, context: Context) -> bool:
        look = look_at(f"/v1/learners/{pair.learner_id}", None, None)
        try:
            await record_look(self._log, self._bus, pair.learner_id, look, context)
        except Unavailable:
            return False
        except Exception:
            logger.exception("read_not_recorded", by=pair.by)  # the others are recorded all the same
        return True

    async def _keep_recording(self) -> None:
        while True:
            await asyncio.sleep(RECORD_EVERY)
            try:
                await self.record()
            except Exception:
                logger.exception("reads_not_recorded", count=len(self._waiting))
