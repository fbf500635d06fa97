"""Draining: what runs is finished, what is new is refused."""

import asyncio

import pytest

from api.http.door.draining import Draining, IsDraining
from tests.support.polling import guard


async def test_a_process_is_drained_when_all_is_answered_but_streams() -> None:
    """Also one that becomes a stream meanwhile; what says how it stands is answered on."""
    draining = Draining()
    for _ in range(3):
        draining.begun()
    draining.streams_on()
    draining.check("/v1/courses")
    draining_on = asyncio.create_task(draining.drain())
    await asyncio.sleep(0)
    assert draining.is_on
    for path in ("/v1/courses", "/readyz"):
        with pytest.raises(IsDraining):
            draining.check(path)
    for path in ("/healthz", "/metrics"):
        draining.check(path)
    draining.ended(was_stream=False)
    await asyncio.sleep(0)
    assert not draining_on.done()
    draining.streams_on()
    async with guard():
        await draining_on
    draining.ended(was_stream=True)
    assert (draining.under_way, draining.streams) == (1, 1)


async def test_nothing_under_way_is_drained_at_once() -> None:
    """It takes nothing new from then on."""
    draining = Draining()
    async with guard():
        await draining.drain()
    with pytest.raises(IsDraining):
        draining.check("/v1/courses")
