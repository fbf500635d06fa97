"""
The end of a worker's tasks.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

AGAIN = 0.1  # seconds


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """
    Cancel *tasks* and wait until they have ended.

    More than once where need be: before Python 3.12, `asyncio.wait_for` (and with it a query of psycopg) forgets a
    cancellation that comes at the moment in which its result does.
    """
    remaining = set(tasks)
    while remaining:
        for task in remaining:
            task.cancel()
        _, remaining = await asyncio.wait(remaining, timeout=AGAIN)
