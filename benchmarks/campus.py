"""
A throw-away campus for a benchmark: real servers with fsync on, the API and all workers, in a temporary directory.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from adapters.embedded import Child, PostgresServer, Secrets, Server, ValkeyServer, start_all
from adapters.embedded.secrets import free_port
from adapters.postgres.ops.migrate import migrate
from adapters.settings import Settings
from cli.console import Failure

START_TIMEOUT = 60.0  # seconds
CAMPUS = (sys.executable, "-P", "-m", "cli.main")


@asynccontextmanager
async def running_campus() -> AsyncIterator[Settings]:
    """Run a campus as `campus up` does until the block ends."""
    directory = _directory()
    data = directory / "data"
    port = free_port()
    arguments = ("up", "--data", str(data), "--port", str(port), "--no-seed", "--name", "bench")
    try:
        async with _process(CAMPUS + arguments, directory / "up.log"):
            await _answers(f"127.0.0.1:{port}", "/readyz", directory / "up.log")
            yield Settings.load(data_dir=data)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@asynccontextmanager
async def running_postgres() -> AsyncIterator[Settings]:
    """Run PostgreSQL alone, as `campus up` does, with a migrated campus in it, until the block ends."""
    async with _running(PostgresServer) as settings:
        yield settings


@asynccontextmanager
async def running_stores() -> AsyncIterator[Settings]:
    """The same with Valkey: both stores of read models, and no worker."""
    async with _running(PostgresServer, ValkeyServer) as settings:
        yield settings


@asynccontextmanager
async def _running(*kinds: type[PostgresServer] | type[ValkeyServer]) -> AsyncIterator[Settings]:
    directory = _directory()
    secrets = Secrets(directory)
    servers: list[Server] = [kind(directory, secrets) for kind in kinds]
    children: list[Child] = []
    try:
        children += await start_all(directory, servers)
        values: dict[str, Any] = {"nats_url": "nats://unused", "valkey_url": "redis://unused"}
        for server in servers:
            values |= server.settings()
        settings = Settings(name="bench", data_dir=directory, token_secret=secrets.password("token_secret"), **values)
        await asyncio.to_thread(migrate, settings)
        yield settings
    finally:
        await asyncio.gather(*(child.stop() for child in children))
        shutil.rmtree(directory, ignore_errors=True)


@asynccontextmanager
async def served(factory: str, environment: dict[str, str]) -> AsyncIterator[str]:
    """Serve the application that *factory* makes by one granian worker, as `campus serve` does; yields its URL."""
    port = free_port()
    directory = _directory()
    command = (
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "asgi",
        "--loop",
        "uvloop",
        "--factory",
        "--workers",
        "1",
    )
    try:
        async with _process((*command, "--port", str(port), factory), directory / "log", environment):
            await _answers(f"127.0.0.1:{port}", "/", directory / "log")
            yield f"http://127.0.0.1:{port}"
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _directory() -> Path:
    """A new directory that PostgreSQL can pass through, also as another user."""
    directory = Path(tempfile.mkdtemp(prefix="campus-bench-"))
    directory.chmod(0o755)
    return directory


@asynccontextmanager
async def _process(command: Sequence[str], log: Path, environment: dict[str, str] | None = None) -> AsyncIterator[None]:
    process = _start(command, log, environment or {})
    try:
        yield
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)


def _start(command: Sequence[str], log: Path, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    with log.open("wb") as output:
        return subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ, **environment})


async def _answers(address: str, path: str, log: Path) -> None:
    """Wait until the address answers 200."""
    host, _, port = address.partition(":")
    end = asyncio.get_running_loop().time() + START_TIMEOUT
    while asyncio.get_running_loop().time() < end:
        try:
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode())
            status = await reader.readline()
            writer.close()
            if b" 200 " in status:
                return
        except OSError:
            pass
        await asyncio.sleep(0.1)
    raise Failure(f"nothing answered at {address}{path} within {START_TIMEOUT:.0f} s: {_end_of(log)}")


def _end_of(log: Path) -> str:
    return log.read_text()[-400:]
