"""
`campus bench query overview`: the overview of a campus with many runs, over HTTP, beside a dashboard.

Ours: seconds of `GET /v1/overview`, by one client, one after the other. Yardstick: the same for
`GET /v1/me/dashboard`. Both have a token and a read model that stands still. In `details`: the same while facts come,
which the sums have to follow.
"""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median

from adapters.command_bus.bus import Bus
from adapters.jwt import claims_of, sign
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from adapters.tasks import cancel_and_wait
from benchmarks.campus import running_campus
from benchmarks.classroom import Classroom, everything_seen, open_classroom
from benchmarks.load import for_seconds, request, run
from benchmarks.rounds import Comparison, Subject, compare
from commands.catalog import OpenRun, ScheduleRun
from commands.enrollment import RequestEnrollment
from commands.log import Context

RUNS = 500
LEARNERS = 8  # of each of them, in all segments
PACE = 0.01  # seconds between two facts
SUBJECT = Subject(
    name="query overview",
    unit="ms",
    what=f"one client, overview of {RUNS + 1:,} runs",
    yardstick_is="a dashboard",
    at_most=5,
)


async def bench(seconds: float, rounds: int) -> Comparison:
    """Compare on a throw-away campus; *seconds* for each measurement."""
    async with running_campus() as settings:
        classroom = await open_classroom(settings)
        await _open_runs(settings)
        hours = timedelta(hours=2)
        token = sign(claims_of("admin"), settings.token_secret, now=datetime.now(UTC), lifetime=hours)
        overview = request("GET", f"{classroom.url}/v1/overview", token=token)

        async def ours() -> float:
            load = await run(classroom.url, for_seconds(seconds, lambda: overview), 1)
            return 1_000 * load.percentile(50)

        async def yardstick() -> float:
            load = await run(classroom.url, for_seconds(seconds, classroom.dashboard), 1)
            return 1_000 * load.percentile(50)

        still = await compare(SUBJECT, ours, yardstick, rounds)
        facts = asyncio.create_task(_facts_come(classroom))
        moving = [(await ours(), await yardstick()) for _ in range(rounds)]
        await cancel_and_wait([facts])
        ratio = median(one / other for one, other in moving)
        return replace(still, details={f"ratio while {1 / PACE:.0f} facts a second come": round(ratio, 2)})


async def _open_runs(settings: Settings) -> None:
    """More runs of the classroom's course, with learners on each, and wait until every read model has them."""
    log = await PostgresLog.open(settings)
    bus, context, now = Bus(log), Context("bench", source="bench"), datetime.now(UTC)

    async def open_run(number: int) -> None:
        run_id = f"run-{number:04}"
        await bus.handle(ScheduleRun(run_id, "bench", 1, now, now + timedelta(days=90)), context)
        await bus.handle(OpenRun(run_id), context)
        for learner in range(LEARNERS):
            await bus.handle(RequestEnrollment(f"learner-{number * LEARNERS + learner}", run_id), context)

    await asyncio.gather(*map(open_run, range(RUNS)))
    await log.close()
    await everything_seen(settings)


async def _facts_come(classroom: Classroom) -> None:
    """Activities of the class, at an even pace."""

    while True:
        one = iter([classroom.activity()])
        await asyncio.gather(run(classroom.url, partial(next, one, None), 1), asyncio.sleep(PACE))
