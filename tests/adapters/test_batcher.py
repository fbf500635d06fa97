"""Requests that arrive while a round trip is under way travel together in the next one."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from adapters.batcher import Batcher
from tests.support.polling import until


class Line:
    """The other end: takes note of each round trip, and answers when it is let."""

    def __init__(self, largest: int = 100) -> None:
        self.batches: list[list[int]] = []
        self.free = asyncio.Event()
        self.failure: Exception | None = None
        self.missing = 0  # replies that it forgets
        self.batcher: Batcher[int, int] = Batcher(self.send, largest)

    async def send(self, batch: Sequence[int]) -> Sequence[int | Exception]:
        self.batches.append(list(batch))
        await self.free.wait()
        if self.failure is not None:
            raise self.failure
        replies = [ValueError(f"{request} is odd") if request % 2 else 10 * request for request in batch]
        return replies[self.missing :]


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    """A line on which nothing moves yet."""
    line = Line()
    yield line
    line.free.set()
    await line.batcher.drain()


async def asked(line: Line, *requests: int) -> list[asyncio.Future[int]]:
    """Submit *requests*, and let the worker take what it can."""
    futures = [line.batcher.submit(request) for request in requests]
    await asyncio.sleep(0)
    return futures


async def test_what_arrives_meanwhile_travels_together(line: Line) -> None:
    """One round trip is under way, all others wait for the next; each gets its own reply."""
    first = await asked(line, 2)
    rest = await asked(line, 4, 6, 8)
    line.free.set()
    assert await asyncio.gather(*first, *rest) == [20, 40, 60, 80]
    assert line.batches == [[2], [4, 6, 8]]


async def test_writers_that_began_at_different_times_become_one_batch(line: Line) -> None:
    """Those who are answered ask again in the next round trip, with those who waited meanwhile."""

    async def writer(request: int) -> None:
        for _ in range(3):
            await line.batcher.submit(request)

    early = asyncio.create_task(writer(2))
    await until(lambda: line.batches == [[2]])
    late = asyncio.create_task(writer(4))
    await asyncio.sleep(0)
    line.free.set()
    await asyncio.gather(early, late)
    assert line.batches == [[2], [4, 2], [4, 2], [4]]


async def test_what_has_no_caller_any_more_is_not_sent(line: Line) -> None:
    """A server that hangs is not given later what was refused meanwhile."""
    first = await asked(line, 2)
    gone, stays = await asked(line, 4, 6)
    gone.cancel()
    line.free.set()
    assert await asyncio.gather(*first, stays) == [20, 60]
    assert line.batches == [[2], [6]]


async def test_a_round_trip_has_a_largest_size() -> None:
    """What does not fit goes with the next one, in order."""
    line = Line(largest=2)
    futures = await asked(line, 2, 4, 6, 8, 10)
    line.free.set()
    assert await asyncio.gather(*futures) == [20, 40, 60, 80, 100]
    assert line.batches == [[2, 4], [6, 8], [10]]


async def test_a_reply_that_is_an_error_is_raised_in_one(line: Line) -> None:
    """Neighbours get their replies."""
    futures = await asked(line, 2, 3, 4)
    line.free.set()
    assert [str(reply) for reply in await asyncio.gather(*futures, return_exceptions=True)] == ["20", "3 is odd", "40"]


async def test_a_round_trip_that_fails_is_raised_in_all(line: Line) -> None:
    """No caller waits for a reply that will not come, and the next round trip is a new one."""
    line.failure = ConnectionError("gone")
    futures = await asked(line, 2, 4)
    line.free.set()
    assert await asyncio.gather(*futures, return_exceptions=True) == [line.failure, line.failure]
    line.failure = None
    assert await line.batcher.submit(6) == 60


async def test_too_few_replies_are_an_error(line: Line) -> None:
    """Replies that cannot be assigned to a request go to no caller."""
    line.missing = 1
    futures = await asked(line, 2, 4)
    line.free.set()
    replies = await asyncio.gather(*futures, return_exceptions=True)
    assert [type(reply) for reply in replies] == [ValueError, ValueError]


async def test_whoever_goes_away_takes_nobody_along(line: Line) -> None:
    """A request whose sender has gone is sent all the same; the others are answered."""
    futures = await asked(line, 2, 4)
    futures[0].cancel()
    line.free.set()
    assert await futures[1] == 40
    assert line.batches == [[2, 4]]


async def test_when_the_worker_is_ended_nobody_waits_for_ever(line: Line) -> None:
    """Waiting requests are cancelled with it, and later ones are served."""
    under_way = await asked(line, 2)
    waiting = await asked(line, 4)
    worker = line.batcher._worker
    assert worker is not None
    worker.cancel()
    done, _ = await asyncio.wait([*under_way, *waiting])
    assert all(future.cancelled() for future in done)
    line.free.set()
    assert await line.batcher.submit(6) == 60


async def test_draining_waits_for_every_answer(line: Line) -> None:
    """Closing comes after the last answer."""
    futures = await asked(line, 2, 4)
    line.free.set()
    await line.batcher.drain()
    assert [future.done() for future in futures] == [True, True]
    await line.batcher.drain()
