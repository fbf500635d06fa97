"""Waiting of the workers that follow the log."""

import asyncio

from workers.support.wake import wait_for_facts


async def test_a_stop_that_arrives_with_a_hint_is_not_lost() -> None:
    """The task ends as cancelled, although its wait is over in the same round of the event loop."""
    woken = asyncio.Event()
    waiting = asyncio.create_task(wait_for_facts(woken))
    await asyncio.sleep(0)
    woken.set()
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
