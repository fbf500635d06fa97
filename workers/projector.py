"""
The projector keeps all read models up to date, each at its own pace, over one shared tail of the log.

A projection that fails is restarted after a pause; the others go on. Several projectors share the work segment by
segment. It also carries out the rebuilds, promotions and rollbacks that are asked for over HTTP, each in a process of
its own.
"""

import asyncio
from collections.abc import Sequence

from adapters.nats.connection import Nats
from adapters.postgres.analytics import keep_fresh
from adapters.postgres.ops.heartbeat import LONGEST_TROUBLE, WorkerState, keep_beating
from adapters.settings import Settings
from adapters.tasks import cancel_and_wait, wait_for_stop_or_failure
from adapters.valkey.client import connect as connect_valkey
from projections.engine.projection import Projection
from projections.registry import PROJECTIONS
from workers.projecting.follower import Follower
from workers.projecting.log_tail import LogTail
from workers.projecting.metrics import REGISTRY
from workers.rebuild import requested


async def run(settings: Settings, stop: asyncio.Event, projections: Sequence[Projection] = PROJECTIONS) -> None:
    """Project until *stop* is set."""
    messages = Nats(settings, "projector")
    valkey = connect_valkey(settings)
    tail = LogTail(settings, messages)
    followers = [
        Follower(projection, settings, tail=tail, valkey=valkey, messages=messages) for projection in projections
    ]
    beating = keep_beating(settings, "projector", lambda: _state(followers), REGISTRY)
    jobs = requested.keep_carrying_out(settings, projections)
    work = [tail.run(), beating, keep_fresh(settings), jobs, *(follower.run() for follower in followers)]
    tasks = [asyncio.create_task(part) for part in work]
    try:
        await wait_for_stop_or_failure(stop, tasks)
    finally:
        await cancel_and_wait(tasks)
        await tail.close()
        await messages.close()
        await valkey.aclose()


def _state(followers: Sequence[Follower]) -> WorkerState:
    """Whether any projection is active here, the position of the slowest, and what keeps those that only fail."""
    positions = [follower.position for follower in followers if follower.active]
    failing = [f"{follower.projection.name}: {follower.trouble}" for follower in followers if follower.trouble]
    return WorkerState(bool(positions), min(positions, default=0), "; ".join(failing)[:LONGEST_TROUBLE])
