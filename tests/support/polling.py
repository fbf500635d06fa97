"""
How tests wait: for a state, never for a time.

`PATIENCE` is a guard against a test that hangs, and no expectation: it is long enough for the slowest machine. Set
CAMPUSLOG_TEST_PATIENCE (seconds) to be shown sooner what a test waits for.
"""

import asyncio
import inspect
import os
import time
from collections.abc import Awaitable, Callable

PATIENCE = float(os.environ.get("CAMPUSLOG_TEST_PATIENCE", "900"))  # seconds
INTERVAL = 0.02  # seconds between two looks


def guard() -> asyncio.Timeout:
    """A block that must end some time."""
    return asyncio.timeout(PATIENCE)


async def until(true: Callable[[], Awaitable[bool] | bool], *, interval: float = INTERVAL) -> None:
    """Wait until something is *true*."""
    async with guard():
        while True:
            answer = true()
            if await answer if inspect.isawaitable(answer) else answer:
                return
            await asyncio.sleep(interval)


def wait_until(true: Callable[[], bool], said: Callable[[], object] = lambda: "") -> None:
    """The same for a test without a loop; *said* explains what went wrong if it never comes true."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, said()
        time.sleep(INTERVAL)
