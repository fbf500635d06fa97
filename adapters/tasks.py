"""Shutdown of tasks."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

AGAIN = 0.1  # seconds


async def wait_for_stop_or_failure(stop: asyncio.Event, tasks: Sequence[asyncio.Task[Any]]) -> None:
    """
    Wait until *stop* is set.

    Raises:
        Exception: the failure of a task, which would otherwise leave the process alive and idle.
    """
    stopping = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait((stopping, *tasks), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
    for task in done:
        task.result()


async def cancel_and_wait(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """
    Cancel *tasks* and wait until they have ended.

    Cancels repeatedly: before Python 3.12, `asyncio.wait_for` (and with it a wait for a connection of psycopg's pool)
    loses a cancellation that arrives together with its result. Own code uses `asyncio.timeout`, which loses none.
    """
    remaining = set(tasks)
    while remaining:
        for task in remaining:
            task.cancel()
        _, remaining = await asyncio.wait(remaining, timeout=AGAIN)
