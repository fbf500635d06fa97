"""Waiting of the workers that follow the log by position: for a hint, the next poll, the stop, or a lost PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from adapters.nats import hint
from adapters.nats.connection import Nats
from adapters.postgres.connection import OperationalError, PostgresError, is_broken
from adapters.settings import Settings
from adapters.tasks import cancel_and_wait

POLL_INTERVAL = 0.5  # seconds, when no hint comes
GATHER = 0.02  # seconds after a hint, so that a burst of commits costs one look and not one each
RETRY_INTERVAL = 1.0  # seconds, after PostgreSQL was lost


@asynccontextmanager
async def woken_by_hints(settings: Settings, nats: Nats, stop: asyncio.Event) -> AsyncIterator[asyncio.Event]:
    """An event that every hint sets, and the setting of *stop*."""
    woken = asyncio.Event()
    tasks = [
        asyncio.create_task(hint.listen(settings, nats, woken)),
        asyncio.create_task(_wake_at_stop(stop, woken)),
    ]
    try:
        yield woken
    finally:
        await cancel_and_wait(tasks)


async def _wake_at_stop(stop: asyncio.Event, woken: asyncio.Event) -> None:
    await stop.wait()
    woken.set()


async def wait_for_facts(woken: asyncio.Event, *, gather: float = GATHER) -> None:
    """Wait for a hint and *gather* seconds more, or until the next poll is due."""
    with suppress(TimeoutError):
        async with asyncio.timeout(POLL_INTERVAL):
            await woken.wait()
        await asyncio.sleep(gather)
    woken.clear()


async def pause_before_retry(stop: asyncio.Event) -> None:
    """Wait before the next attempt to reach PostgreSQL, or until *stop* is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(RETRY_INTERVAL):
            await stop.wait()


def first_of(failures: BaseException) -> BaseException:
    """The first failure in a group, however deep it stands in others."""
    while isinstance(failures, BaseExceptionGroup):
        failures = failures.exceptions[0]
    return failures


def can_pass(error: BaseException | None) -> bool:
    """Whether a later attempt may succeed; an error of PostgreSQL about a statement stays."""
    return not isinstance(error, PostgresError) or isinstance(error, OperationalError) or is_broken(error)
