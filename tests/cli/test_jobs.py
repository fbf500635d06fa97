"""`campus jobs`, `campus worker dispatcher --resync` and what doctor says of jobs."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.health.jobs import done
from adapters.health.servers import Unhealthy
from adapters.settings import Settings
from domain.fact import Fact
from tests.support.appends import query
from tests.support.campus_up import campus as call
from tests.support.dispatchers import HOUR, RUN, Campus, campus_with_one_seat
from tests.support.polling import until
from tests.support.projections_command import variables
from workers.reactions import JOBS
from workers.reactions.job import Outside

BEN = f"enrollment-ben:{RUN}"
CAUSE = "TimeoutError: the bank does not answer"


async def fail(_fact: Fact, _: Outside) -> None:
    """What an effect may well do."""
    raise TimeoutError("the bank does not answer")


EXPIRE, _REMIND = JOBS["enrollment.seat_offered"]
FAILING = {"enrollment.seat_offered": (EXPIRE._replace(effect=fail, tries=1),)}


@pytest.fixture
async def campus(settings: Settings) -> AsyncIterator[Campus]:
    """A run with one seat, which is offered for an hour."""
    async with campus_with_one_seat(settings) as campus:
        yield campus


async def said(settings: Settings, *arguments: str) -> tuple[int, str, str]:
    """Exit code, answer and remarks of `campus …`."""
    finished = await asyncio.to_thread(call, *arguments, env=variables(settings))
    return finished.returncode, finished.stdout, finished.stderr


async def measured(settings: Settings, line: str) -> bool:
    """Whether a dispatcher's heartbeat has this line for Prometheus."""
    rows = await query(settings, "SELECT metrics FROM workers WHERE name = 'dispatcher'")
    return any(line in str(metrics) for (metrics,) in rows)


async def test_a_failed_job_is_named_and_retried(campus: Campus) -> None:
    """Doctor names job, stream and cause; `jobs failed` lists it; after `jobs retry` the dispatcher does it."""
    assert await done(campus.settings) == "0 jobs waiting for their time, 0 due"
    async with campus.dispatching(1, FAILING):
        await campus.offer("ann", "ben")
        await campus.until_jobs((BEN, "todo"))
        assert await done(campus.settings) == "1 job waiting for their time, 0 due"
        campus.clock.move(HOUR)
        await campus.until_jobs((BEN, "failed"))
        await until(lambda: measured(campus.settings, "campus_jobs_failed 1.0"))
    (job,) = await campus.failed()
    with pytest.raises(Unhealthy) as found:
        await done(campus.settings)
    assert str(found.value) == f"1 job failed for good: job {job.id}, expire_seat_offer of {BEN} ({CAUSE})"
    assert f"`campus jobs retry {job.id}`" in found.value.hint

    code, out, err = await said(campus.settings, "jobs", "failed", "--json")
    assert code == 0, err
    (listed,) = json.loads(out)["failed"]
    assert (listed["id"], listed["stream_id"], listed["cause"]) == (job.id, BEN, CAUSE)
    code, _, err = await said(campus.settings, "jobs", "retry", str(job.id + 1))
    assert (code, f"job {job.id + 1} has not failed for good, 1 have, such as {job.id}" in err) == (1, True)
    code, _, err = await said(campus.settings, "jobs", "retry", str(job.id))
    assert code == 0, err
    async with campus.dispatching():
        await campus.until_last("ben", "seat_offer_expired")
        await campus.until_jobs()


async def test_a_job_that_nothing_takes_up_is_noticed(campus: Campus) -> None:
    """Without a dispatcher, what is due waits, and doctor says for how long."""
    async with campus.dispatching():
        await campus.offer("ann", "ben")
        await campus.until_jobs((BEN, "todo"))
    await query(campus.settings, "UPDATE procrastinate_jobs SET scheduled_at = now() - interval '2 minutes'")
    with pytest.raises(Unhealthy, match=r"1 job due, the oldest for \d+ s"):
        await done(campus.settings)


async def test_jobs_are_put_back(campus: Campus) -> None:
    """`--resync` says how many jobs the log asks for, and how many were missing; it is the dispatcher's alone."""
    async with campus.dispatching():
        await campus.offer("ann", "ben")
        await campus.until_jobs((BEN, "todo"))
    await campus.lose_jobs()
    resync: Any = await said(campus.settings, "worker", "dispatcher", "--resync")
    assert (resync[0], "2 jobs are owed; 2 of them were not in the queue" in resync[2]) == (0, True), resync
    assert await campus.jobs() == [(BEN, "todo")]
    code, _, err = await said(campus.settings, "worker", "reactor", "--resync")
    assert (code, "`campus worker dispatcher --resync`" in err) == (1, True)
