"""
Embedded servers: PostgreSQL, Valkey and NATS from their wheels, as child processes on loopback.

`campus up` and the tests start them, except a server whose URL is set. `process` starts, watches and stops one child;
`secrets` keeps ports and passwords; `postgres`, `valkey` and `nats` configure one server each.
"""

import asyncio
from pathlib import Path

from adapters.embedded.nats import NatsServer
from adapters.embedded.postgres import PostgresServer
from adapters.embedded.process import Child, Program, StartFailed
from adapters.embedded.secrets import Secrets
from adapters.embedded.server import Server, start
from adapters.embedded.valkey import ValkeyServer

__all__ = [
    "Child",
    "NatsServer",
    "PostgresServer",
    "Program",
    "Secrets",
    "Server",
    "StartFailed",
    "ValkeyServer",
    "start",
    "start_all",
]


async def start_all(data_dir: Path, servers: list[Server]) -> list[Child]:
    """Start *servers* at the same time, logs under *data_dir*; when one fails, or this is cancelled, stop them all."""
    starting = [asyncio.create_task(start(server, data_dir)) for server in servers]
    try:
        return await asyncio.gather(*starting)
    except BaseException:
        results = await asyncio.gather(*starting, return_exceptions=True)
        await asyncio.gather(*(result.stop() for result in results if isinstance(result, Child)))
        raise
