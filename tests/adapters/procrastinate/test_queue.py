"""The queue of jobs: in which order those that are due are carried out."""

import asyncio
from datetime import UTC, datetime

from adapters.postgres.connection import connect
from adapters.procrastinate.queue import JobQueue, JobRun
from adapters.settings import Settings
from tests.support.polling import until

TRIES = {"follow": 1, "answer": 1}


async def test_what_a_person_waits_for_goes_first(settings: Settings) -> None:
    """However many other jobs were due before it."""
    begun: list[str] = []
    stop = asyncio.Event()

    async def carry_out(run: JobRun) -> None:
        begun.append(run.key)

    queue = JobQueue(settings, TRIES, carry_out, awaited={"answer"})
    now = datetime.now(UTC)
    jobs = [("follow", f"{number}", number, now) for number in range(1, 21)]
    async with queue.open(), await connect(settings, application="test") as connection:
        await queue.defer(connection, [*jobs, ("answer", "answer", 21, now)])
    working = asyncio.create_task(queue.work(stop))
    await until(lambda: len(begun) == len(jobs) + 1)
    stop.set()
    await working
    assert begun[0] == "answer"
    assert set(begun[1:]) == {key for _, key, _, _ in jobs}
