"""
`campus bench condition`: what the condition of an append costs, by 32 writers at once.

Ours: each append under the condition that no fact with the learner's tag has been appended since the writer's last.
Yardstick: the same appends without a condition, on the same log.
"""

from itertools import count

from adapters.postgres.log.postgres_log import PostgresLog
from benchmarks.append import WRITERS, ours
from benchmarks.campus import running_postgres
from benchmarks.rounds import Comparison, Subject, compare

SUBJECT = Subject(
    name="condition",
    unit="facts/s",
    what=f"{WRITERS} writers, each one new fact under a condition with one tag at a time, fsync on",
    yardstick_is="the same without a condition",
    at_least=0.9,
)


async def bench(seconds: float, rounds: int) -> Comparison:
    """Compare on a throw-away server; *seconds* for each measurement."""
    async with running_postgres() as settings:
        log, numbers = await PostgresLog.open(settings), count()
        try:
            return await compare(
                SUBJECT,
                lambda: ours(log, numbers, seconds, conditional=True),
                lambda: ours(log, numbers, seconds),
                rounds,
            )
        finally:
            await log.close()
