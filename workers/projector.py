"""
The projector: keeps all read models up to date, each at its own pace, over one shared tail of the log.

A projection that fails waits and begins again by itself; the others do not notice.
"""

import asyncio
import contextlib
from collections.abc import Sequence

import psycopg

from adapters.nats.connection import Nats
from adapters.postgres.connection import connect
from adapters.postgres.heartbeat import HEARTBEAT_INTERVAL, beat, leave
from adapters.postgres.log import PostgresLog
from adapters.settings import Settings
from adapters.valkey.client import connect as connect_valkey
from projections.base import Projection
from projections.registry import PROJECTIONS
from workers.ending import end
from workers.follower import Follower
from workers.projector_metrics import REGISTRY
from workers.tail import Tail


async def run(settings: Settings, stop: asyncio.Event, projections: Sequence[Projection] = PROJECTIONS) -> None:
    """Project until *stop* is set."""
    messages = Nats(settings, "projector")
    valkey = connect_valkey(settings)
    tail = Tail(settings, messages)
    log = await PostgresLog.open(settings)
    followers = [
        Follower(projection, settings, tail=tail, log=log, valkey=valkey, messages=messages)
        for projection in projections
    ]
    work = [tail.run(), _beat(settings, followers), *(follower.run() for follower in followers)]
    tasks = [asyncio.create_task(part) for part in work]
    await stop.wait()
    await end(tasks)
    await tail.close()
    await messages.close()
    await valkey.aclose()
    await log.close()


async def _beat(settings: Settings, followers: Sequence[Follower]) -> None:
    """Say every second that this process lives; its position is that of the slowest projection."""
    while True:
        with contextlib.suppress(psycopg.Error):
            async with await connect(settings, application="projector heartbeat") as connection:
                try:
                    while True:
                        await _beat_once(connection, followers)
                        await asyncio.sleep(HEARTBEAT_INTERVAL)
                finally:
                    await leave(connection, "projector")
        await asyncio.sleep(HEARTBEAT_INTERVAL)


async def _beat_once(connection: psycopg.AsyncConnection, followers: Sequence[Follower]) -> None:
    active = any(follower.active for follower in followers)
    position = min(follower.position for follower in followers)
    await beat(connection, "projector", active=active, position=position, registry=REGISTRY)
