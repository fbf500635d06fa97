"""
Long work in a thread of its own, beside the event loop.

Unlike with `asyncio.to_thread`, a cancelled caller does not wait for the thread, and the thread does not keep the
process from ending: Ctrl-C works at once, also while a rule loops for ever.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def run_in_daemon_thread(work: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """Return the result of *work*, which may be abandoned at any point: it must not change shared state."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            result = work(*arguments, **options)
        except BaseException as error:  # noqa: BLE001 - it is raised in the caller
            settle(outcome.set_exception, error)
        else:
            settle(outcome.set_result, result)

    def settle(how: Callable[[Any], None], what: Any) -> None:
        with suppress(RuntimeError):  # the loop is closed: no caller waits any more
            loop.call_soon_threadsafe(lambda: None if outcome.done() else how(what))

    threading.Thread(target=run, name=getattr(work, "__name__", "aside"), daemon=True).start()
    return await outcome
