"""
Long work in a thread of its own, beside the event loop.

Unlike `asyncio.to_thread`, nobody waits for it when the one that has asked is cancelled, and it does not keep the
process from ending: Ctrl-C works at once, also while a rule goes round for ever.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def run_in_daemon_thread(work: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """What *work* comes to; it is to change nothing that must be whole, since it may be given up at any point."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            result = work(*arguments, **options)
        except BaseException as error:  # noqa: BLE001 - it is raised where the work was asked for
            tell(outcome.set_exception, error)
        else:
            tell(outcome.set_result, result)

    def tell(how: Callable[[Any], None], what: Any) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(lambda: None if outcome.done() else how(what))

    threading.Thread(target=run, name=getattr(work, "__name__", "aside"), daemon=True).start()
    return await outcome
