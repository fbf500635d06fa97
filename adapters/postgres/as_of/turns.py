"""
Folds for moments give way to other work of their process: one at a time, with a rest after each where several wait.

One who asks alone never waits. What a fold costs is taken from the quickest of the last ones: the others had to wait
for other work themselves.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

REST = 60  # times what a fold costs, until the next one where several wait
REMEMBERED = 32  # folds


class Turns:
    """Lets one fold go on at a time."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._waiting = 0
        self._costs: deque[float] = deque(maxlen=REMEMBERED)

    @asynccontextmanager
    async def take(self) -> AsyncIterator[None]:
        """Wait for a turn, and hold it for the block."""
        self._waiting += 1
        try:
            await self._lock.acquire()
        finally:
            self._waiting -= 1
        started = time.perf_counter()
        try:
            yield
        finally:
            self._costs.append(time.perf_counter() - started)
            if self._waiting:
                asyncio.get_running_loop().call_later(REST * min(self._costs), self._lock.release)
            else:
                self._lock.release()
