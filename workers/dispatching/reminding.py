"""
Learners are reminded of deadlines that are near: by one process of the campus at a time, which looks every few minutes.

Nothing is kept of when that was last done. Those who have not been reminded of what is due within a day are found
again, so a restart, a clock that jumps and a deadline that has moved lose nothing; that no one is reminded twice is
decided where it is noted (commands/notification/deadlines.py). An extension has a job of its own, since it may go on
after the run.
"""

import asyncio
from contextlib import suppress

import structlog

from adapters.command_bus.bus import Bus
from adapters.near_deadlines import Near, near_deadlines
from adapters.postgres.connection import PostgresError, Unavailable, connect
from adapters.postgres.log.append import VersionConflict
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.ops import lease
from adapters.postgres.queries.reader import NotBuilt, Reader
from adapters.settings import Settings
from commands.log import Context
from commands.notification.deadlines import NoteDeadlineNear
from domain.errors import DomainError

WORK = "reminding"
LOOK = 300.0  # seconds between two looks

logger = structlog.get_logger()


async def keep_reminding(settings: Settings, log: PostgresLog, stop: asyncio.Event, *, look: float = LOOK) -> None:
    """Remind of what is near until *stop* is set; a lost server is waited for."""
    while not stop.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(look):
                await stop.wait()
                return
        try:
            await remind(settings, log)
        except (PostgresError, Unavailable, NotBuilt, VersionConflict) as error:
            logger.warning("reminding.waiting", error=str(error).strip())


async def remind(settings: Settings, log: PostgresLog) -> int:
    """Remind all who are to be, if no other process is at it; how many were looked at."""
    async with await connect(settings, application="reminding lock") as connection:
        if not await lease.try_acquire(connection, settings, WORK):
            return 0
        reader = Reader(settings)
        await reader.open()
        try:
            found = await near_deadlines(reader, log.clock.now())
        finally:
            await reader.close()
        bus = Bus(log)
        for each in found:
            await _note(bus, log, each)
        return len(found)


async def _note(bus: Bus, log: PostgresLog, near: Near) -> None:
    context = Context("dispatcher", log.clock.now(), source="dispatcher:reminding")
    try:
        await bus.handle(NoteDeadlineNear(near.learner_id, near.run_id, near.unit_id), context)
    except DomainError as refused:  # such as a unit that the learner's version does not have: others go on
        logger.warning("reminding.refused", run_id=near.run_id, unit_id=near.unit_id, cause=refused.sentence)
