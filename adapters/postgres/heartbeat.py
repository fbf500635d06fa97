"""
Heartbeats: each worker process says every second that it lives, how far it is, and what it has measured.
"""

import os
import socket

import psycopg
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest

HEARTBEAT_INTERVAL = 1.0  # seconds
FORGET_AFTER = 60  # seconds without a heartbeat

BEAT = """
INSERT INTO workers (name, host, pid, active, position, metrics) VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (name, host, pid) DO UPDATE
   SET active = excluded.active, position = excluded.position, metrics = excluded.metrics, heartbeat_at = now()
"""
FORGET_DEAD = "DELETE FROM workers WHERE name = %s AND heartbeat_at < now() - make_interval(secs => %s)"
LEAVE = "DELETE FROM workers WHERE name = %s AND host = %s AND pid = %s"


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
