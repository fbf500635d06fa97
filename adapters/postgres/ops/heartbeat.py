"""
Heartbeats: each worker process says every second that it lives, how far it is, and what it has measured.
"""

import asyncio
import os
import socket
from collections.abc import Callable
from contextlib import suppress

import psycopg
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest

from adapters.postgres.connection import connect
from adapters.settings import Settings

HEARTBEAT_INTERVAL = 1.0  # seconds
FORGET_AFTER = 60  # seconds without a heartbeat

BEAT = """
INSERT INTO workers (name, host, pid, active, position, metrics) VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (name, host, pid) DO UPDATE
   SET active = excluded.active, position = excluded.position, metrics = excluded.metrics, heartbeat_at = now()
"""
FORGET_DEAD = "DELETE FROM workers WHERE name = %s AND heartbeat_at < now() - make_interval(secs => %s)"
LEAVE = "DELETE FROM workers WHERE name = %s AND host = %s AND pid = %s"


async def keep_beating(
    settings: Settings, name: str, state: Callable[[], tuple[bool, int]], registry: CollectorRegistry
) -> None:
    """Beat for the worker *name* over a connection of its own until cancelled; *state* is `active` and `position`."""
    while True:
        with suppress(psycopg.Error):
            async with await connect(settings, application=f"{name} heartbeat") as connection:
                try:
                    while True:
                        active, position = state()
                        await beat(connection, name, active=active, position=position, registry=registry)
                        await asyncio.sleep(HEARTBEAT_INTERVAL)
                finally:
                    await leave(connection, name)
        await asyncio.sleep(HEARTBEAT_INTERVAL)


async def beat(
    connection: psycopg.AsyncConnection,
    name: str,
    *,
    active: bool,
    position: int,
    registry: CollectorRegistry = REGISTRY,
) -> None:
    """Say that this process, the worker *name*, lives and is at *position*; *active* unless it stands by."""
    metrics = generate_latest(registry).decode()
    await connection.execute(BEAT, (name, socket.gethostname(), os.getpid(), active, position, metrics))
    await connection.execute(FORGET_DEAD, (name, FORGET_AFTER))


async def leave(connection: psycopg.AsyncConnection, name: str) -> None:
    """Say that this process ends in good order."""
    await connection.execute(LEAVE, (name, socket.gethostname(), os.getpid()))
