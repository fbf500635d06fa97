"""
Carries out bulk jobs that were started, one after the other.

Of several dispatchers each job is one's; another goes on with the lines that are left if it dies (adapters/bulk).
"""

import asyncio
from contextlib import suppress
from uuid import uuid4

import structlog

from adapters.bulk.jobs import BulkJobs
from adapters.command_bus.bus import Bus
from adapters.postgres.connection import PostgresError, Unavailable
from adapters.postgres.log.append import VersionConflict
from adapters.postgres.log.postgres_log import PostgresLog

POLL_INTERVAL = 0.5  # seconds

logger = structlog.get_logger()


async def keep_carrying_out(log: PostgresLog, stop: asyncio.Event) -> None:
    """Carry out what was started until *stop* is set; a lost server is waited for."""
    jobs, me = BulkJobs(log, Bus(log)), uuid4().hex
    while not stop.is_set():
        was_one = False
        try:
            was_one = await jobs.carry_out_next(me)
        except (PostgresError, Unavailable, VersionConflict) as error:
            logger.warning("bulk.waiting", error=str(error).strip())
        except Exception:  # such as a fact that cannot be read: the job is taken up again later, others go on
            logger.exception("bulk.failed")
        if not was_one:
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_INTERVAL):
                    await stop.wait()
