"""
The protocol of embedded servers, and the start of one: prepare, spawn, wait until it answers.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from adapters.embedded.process import Child, Program, StartFailed

START_TIMEOUT = 60.0  # seconds; a PostgreSQL that recovers from a crash replays its log first
READY_INTERVAL = 0.02  # seconds between two attempts to reach a starting server


class Server(Protocol):
    """An embedded server: a name, the program that runs it, and the URLs under which clients find it."""

    name: str
    port: int

    def settings(self) -> dict[str, str]:
        """The settings (`nats_url`, …) by which clients find this server."""
        ...

    async def prepare(self) -> None:
        """Write what the program needs on disk."""
        ...

    def program(self, log_dir: Path) -> Program:
        """What to run."""
        ...

    async def is_ready(self) -> bool:
        """Whether the server answers clients."""
        ...

    async def does_its_work(self) -> bool:
        """False for a server that answers and will never do its work before it is started again."""
        ...


async def start(server: Server, data_dir: Path, pass_fds: Sequence[int] = ()) -> Child:
    """
    Start *server*; its log goes to `DATA/log/NAME.log`, and it keeps *pass_fds* open as long as it runs.

    Raises:
        StartFailed: it ended, or did not answer in time.
    """
    await server.prepare()
    child = Child(server.program(data_dir / "log"), pass_fds)
    try:
        async with asyncio.timeout(START_TIMEOUT):
            await _answers(server, child)
    except TimeoutError:
        await child.stop()
        raise StartFailed(child, f"no answer within {START_TIMEOUT:.0f} s") from None
    except BaseException:
        await child.stop()  # and wait: what it still writes must not come after its directory was removed
        raise
    return child


async def _answers(server: Server, child: Child) -> None:
    while not await server.is_ready():
        if child.exit_code is not None:
            raise StartFailed(child)
        await asyncio.sleep(READY_INTERVAL)


async def exchange(port: int, request: bytes, answer: bytes) -> bool:
    """Whether the server on loopback *port* answers *request* with bytes that start with *answer*."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        writer.write(request)
        async with asyncio.timeout(1):
            return await reader.readexactly(len(answer)) == answer
    except (OSError, EOFError, TimeoutError):
        return False
    finally:
        writer.close()
