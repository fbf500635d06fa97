"""
Heartbeats: each worker process says every second that it lives, how far it is, what keeps it, and what it has measured.

A beat says nothing of the work: `adapters/health/workers.py` judges by the position against the head, by how long it
has not moved, and by the trouble of a worker that only fails.
"""

import asyncio
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

import psycopg
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest

from adapters.postgres.connection import connect
from adapters.settings import Settings

HEARTBEAT_INTERVAL = 1.0  # seconds
FORGET_AFTER = 60  # seconds without a heartbeat

BEAT = """
INSERT INTO workers (name, host, pid, active, position, metrics, trouble, trouble_since, moved_at)
VALUES (%(name)s, %(host)s, %(pid)s, %(active)s, %(position)s, %(metrics)s, %(trouble)s,
        CASE WHEN %(trouble)s <> '' THEN now() END, now())
ON CONFLICT (name, host, pid) DO UPDATE
   SET active = excluded.active, position = excluded.position, metrics = excluded.metrics, heartbeat_at = now(),
       trouble = excluded.trouble,
       trouble_since = CASE WHEN excluded.trouble <> '' THEN coalesce(workers.trouble_since, now()) END,
       moved_at = CASE WHEN excluded.position <> workers.position OR excluded.active <> workers.active
                         OR excluded.position >= (SELECT position FROM log_head)
                       THEN now() ELSE coalesce(workers.moved_at, now()) END
"""
FORGET_DEAD = "DELETE FROM workers WHERE name = %s AND heartbeat_at < now() - make_interval(secs => %s)"
LEAVE = "DELETE FROM workers WHERE name = %s AND host = %s AND pid = %s"


LONGEST_TROUBLE = 500  # characters


class WorkerState(NamedTuple):
    """
    How a worker process is.

    Attributes:
        active: whether it does the work; it stands by if not.
        position: up to which fact it has done its work.
        trouble: why its last attempt has failed; empty once it has got on.
    """

    active: bool
    position: int
    trouble: str = ""


def sentence_of(error: BaseException) -> str:
    """An error as the trouble of a worker: its first line, after the kind of error."""
    first = next(iter(str(error).strip().splitlines()), "")
    return f"{type(error).__name__}: {first}"[:LONGEST_TROUBLE] if first else type(error).__name__


async def keep_beating(
    settings: Settings, name: str, state: Callable[[], WorkerState], registry: CollectorRegistry
) -> None:
    """Beat for the worker *name* over a connection of its own until cancelled."""
    while True:
        with suppress(psycopg.Error):
            async with await connect(settings, application=f"{name} heartbeat") as connection:
                try:
                    while True:
                        await beat(connection, name, state(), registry)
                        await asyncio.sleep(HEARTBEAT_INTERVAL)
                finally:
                    await leave(connection, name)
        await asyncio.sleep(HEARTBEAT_INTERVAL)


async def beat(
    connection: psycopg.AsyncConnection, name: str, state: WorkerState, registry: CollectorRegistry = REGISTRY
) -> None:
    """Say that this process, the worker *name*, lives, and how it is."""
    values = {
        "name": name,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "metrics": generate_latest(registry).decode(),
        **state._asdict(),
    }
    await connection.execute(BEAT, values)
    await connection.execute(FORGET_DEAD, (name, FORGET_AFTER))


async def leave(connection: psycopg.AsyncConnection, name: str) -> None:
    """Say that this process ends in good order."""
    await connection.execute(LEAVE, (name, socket.gethostname(), os.getpid()))
