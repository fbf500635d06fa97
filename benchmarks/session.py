"""
`campus bench session`: what the sessions of browsers cost, on one campus, for two thousand signed-in learners.

Ours: the reads, commands or lag of `campus bench query`, `command` and `lag` by cookie. Yardstick: the same by
development tokens, which a process verifies once and then knows.
"""

from functools import partial

from adapters.settings import Settings
from benchmarks.campus import running_campus
from benchmarks.classroom import LEARNERS, Classroom, everything_seen, open_classroom, signed_in
from benchmarks.lag import RATE
from benchmarks.lag import measure as measure_lag
from benchmarks.load import for_seconds, run
from benchmarks.rounds import Comparison, Subject, compare

CLIENTS = 64
SUBJECTS = {
    "query": Subject(
        name="session query",
        unit="reads/s",
        what=f"{CLIENTS} clients, dashboards of {LEARNERS:,} learners by cookie, one worker",
        yardstick_is="by token",
        at_least=0.9,
    ),
    "command": Subject(
        name="session command",
        unit="commands/s",
        what=f"{CLIENTS} clients, activities of {LEARNERS:,} learners by cookie, one worker, everything running",
        yardstick_is="by token",
        at_least=0.9,
    ),
    "lag": Subject(
        name="session lag",
        unit="ms",
        what=f"{RATE} commands a second by cookie, median from the answer to a dashboard that shows it",
        yardstick_is="by token",
        at_most=1.1,
    ),
}


async def bench(what: str, seconds: float, rounds: int) -> Comparison:
    """Compare on a throw-away campus; *seconds* for each measurement."""
    async with running_campus() as settings:
        by_token = await open_classroom(settings)
        by_cookie = await signed_in(settings, by_token)
        measure = {"query": _reads, "command": _commands, "lag": _lag}[what]
        ours, yardstick = (partial(measure, each, settings, seconds) for each in (by_cookie, by_token))
        return await compare(SUBJECTS[what], ours, yardstick, rounds)


async def _reads(classroom: Classroom, _: Settings, seconds: float) -> float:
    return (await run(classroom.url, for_seconds(seconds, classroom.dashboard), CLIENTS)).rate


async def _commands(classroom: Classroom, settings: Settings, seconds: float) -> float:
    rate = (await run(classroom.url, for_seconds(seconds, classroom.activity), CLIENTS)).rate
    await everything_seen(settings)
    return rate


async def _lag(classroom: Classroom, settings: Settings, seconds: float) -> float:
    lags = await measure_lag(classroom, seconds)
    await everything_seen(settings)
    return 1000 * lags[len(lags) // 2]
