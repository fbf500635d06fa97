"""
From code without `await` to the adapters, which have nothing else.

One thread of the process runs an event loop for all of the SDK, since a notebook's own loop is busy with the very cell
that asks. It ends with the process.
"""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """The result of *work*, which runs on the other thread; Ctrl-C here cancels it there."""
    future = asyncio.run_coroutine_threadsafe(work, _loop(os.getpid()))
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


def iterate(items: AsyncIterator[T]) -> Iterator[T]:
    """The *items*, each fetched when it is asked for; *items* is closed when the iteration ends or is given up."""
    try:
        while (item := run(_next(items))) is not None:
            yield item
    finally:
        close = getattr(items, "aclose", None)
        if close is not None:
            run(close())


async def _next(items: AsyncIterator[T]) -> T | None:
    return await anext(items, None)


@cache
def _loop(pid: int) -> asyncio.AbstractEventLoop:  # noqa: ARG001 - a child process has no copy of the thread
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="campuslog", daemon=True).start()
    return loop
