"""
`campus bench command`: one activity of a learner, over HTTP, by 64 clients, with all workers running.

Ours: `POST /v1/progress/activities`, checked against structure and enrollment, while relay, projector and reactor keep
up. Yardstick: the same activity in a stock application of the `eventsourcing` library with FastAPI, on the same
PostgreSQL, with no reader at all.
"""

import json
from itertools import cycle

from benchmarks.campus import running_campus, served
from benchmarks.classroom import LEARNERS, everything_seen, open_classroom
from benchmarks.load import for_seconds, request, run
from benchmarks.rounds import Comparison, Subject, conclude
from benchmarks.stock import environment
from cli.console import progress

CLIENTS = 64
SUBJECT = Subject(
    name="command",
    unit="commands/s",
    what=f"{CLIENTS} clients, activities of {LEARNERS:,} learners, one worker, everything running",
    yardstick_is="stock eventsourcing application with FastAPI, no readers",
    at_least=5.0,
)


async def bench(seconds: float, rounds: int) -> Comparison:
    """Compare on a throw-away campus; *seconds* for each measurement."""
    async with running_campus() as settings:
        classroom = await open_classroom(settings)
        async with served("benchmarks.stock:create", environment(settings.postgres_owner_url)) as stock:
            learners, turns = iter(range(LEARNERS)), cycle(range(LEARNERS))
            await run(
                stock, lambda: _stock("learners", stock, n) if (n := next(learners, None)) is not None else None, 40
            )
            found, ours_p99, stock_p99 = [], [], []
            with progress("bench command", total=rounds + 1, unit="rounds") as advance:
                for number in range(rounds + 1):
                    ours = await run(classroom.url, for_seconds(seconds, classroom.activity), CLIENTS)
                    await everything_seen(settings)
                    theirs = await run(
                        stock, for_seconds(seconds, lambda: _stock("activities", stock, next(turns))), CLIENTS
                    )
                    if number:
                        found.append((ours.rate, theirs.rate))
                        ours_p99.append(round(ours.percentile(99) * 1000, 1))
                        stock_p99.append(round(theirs.percentile(99) * 1000, 1))
                    advance(1)
    return conclude(SUBJECT, found, ours_p99_ms=ours_p99, yardstick_p99_ms=stock_p99)


def _stock(path: str, url: str, learner: int) -> bytes:
    body = {"learner_id": f"learner-{learner}", "unit_id": "unit-1", "kind": "click", "amount": 3}
    return request("POST", f"{url}/{path}", body=json.dumps(body).encode())
