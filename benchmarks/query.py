"""
`campus bench query`: the learner dashboard, over HTTP, by 64 clients.

Ours: `GET /v1/me/dashboard` with its token, from Valkey. Yardstick: a FastAPI application with one empty route and
nothing else, no token, no read, served by the same server in the same way.
"""

from benchmarks.campus import running_campus, served
from benchmarks.classroom import LEARNERS, open_classroom
from benchmarks.load import for_seconds, request, run
from benchmarks.rounds import Comparison, Subject, compare

CLIENTS = 64
SUBJECT = Subject(
    name="query",
    unit="reads/s",
    what=f"{CLIENTS} clients, dashboards of {LEARNERS:,} learners, one worker",
    yardstick_is="an empty FastAPI route",
    at_least=0.75,
)


async def bench(seconds: float, rounds: int) -> Comparison:
    """Compare on a throw-away campus; *seconds* for each measurement."""
    async with running_campus() as settings, served("benchmarks.stock:create_empty", {}) as empty:
        classroom = await open_classroom(settings)
        nothing = request("GET", f"{empty}/")

        async def ours() -> float:
            return (await run(classroom.url, for_seconds(seconds, classroom.dashboard), CLIENTS)).rate

        async def yardstick() -> float:
            return (await run(empty, for_seconds(seconds, lambda: nothing), CLIENTS)).rate

        return await compare(SUBJECT, ours, yardstick, rounds)
