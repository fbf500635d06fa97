"""The embedded servers: after a kill each is back on its port, with what it had acknowledged."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import nats
import psutil
import psycopg
import pytest
from redis.asyncio import Redis

from adapters.embedded.unix_user import search_above
from adapters.settings import Settings
from tests.support.polling import until
from tests.support.servers import Servers

BUSY_FOR_LONG = "SELECT count(n) FROM (SELECT generate_series(1, 100000000000) AS n) AS numbers"  # nothing on the disk
BUSY = 0.2  # seconds of processor time, by which a backend is in the middle of its query


@pytest.mark.servers
async def test_a_killed_server_keeps_what_it_has_acknowledged(own_servers: Servers) -> None:
    """SIGKILL and a start: PostgreSQL's row, Valkey's key and JetStream's message are there."""
    settings = own_servers.settings("kept")
    await write(settings)
    for server in own_servers.all:
        await own_servers.kill(server.name)
        await own_servers.start(server.name)
    assert own_servers.settings("kept") == settings
    assert await read(settings) == ("row", b"key", b"message")


@pytest.mark.servers
async def test_postgresql_starts_beside_a_backend_of_a_killed_one(own_servers: Servers) -> None:
    """A backend at work does not see that its postmaster has gone; the next start ends it."""
    settings = own_servers.settings("orphan")
    async with await psycopg.AsyncConnection.connect(settings.postgres_url) as connection:
        backend = psutil.Process(connection.info.backend_pid)
        work = asyncio.create_task(
            connection.execute("SELECT count(n) FROM (SELECT generate_series(1, 100000000000) AS n) AS numbers")
        )
        await until(lambda: backend.cpu_times().user > BUSY)
        await own_servers.kill("postgres")
        assert backend.status() != psutil.STATUS_ZOMBIE
        try:
            await own_servers.start("postgres")
        finally:
            with contextlib.suppress(psutil.NoSuchProcess):
                backend.kill()
        with pytest.raises(psycopg.OperationalError):
            await work
    async with await psycopg.AsyncConnection.connect(settings.postgres_url) as connection:
        await connection.execute("SELECT 1")


async def write(settings: Settings) -> None:
    """Put one thing into each server."""
    async with await psycopg.AsyncConnection.connect(settings.postgres_owner_url) as connection:
        await connection.execute("CREATE TABLE kept AS SELECT 'row' AS what")
    async with Redis.from_url(settings.valkey_url) as valkey:
        await valkey.set("kept", "key")
    client = await nats.connect(settings.nats_servers)
    await client.jetstream().add_stream(name="kept", subjects=["kept"])
    await client.jetstream().publish("kept", b"message")
    await client.close()


async def read(settings: Settings) -> tuple[Any, ...]:
    """Fetch what `write` has put there."""
    async with await psycopg.AsyncConnection.connect(settings.postgres_owner_url) as connection:
        row = await (await connection.execute("SELECT what FROM kept")).fetchone()
    async with Redis.from_url(settings.valkey_url) as valkey:
        key = await valkey.get("kept")
    client = await nats.connect(settings.nats_servers)
    message = await client.jetstream().get_last_msg("kept", "kept")
    await client.close()
    assert row is not None
    return row[0], key, message.data


async def test_the_application_cannot_change_the_schema(settings: Settings) -> None:
    """The role of the API and the workers owns nothing of the log, and cannot make tables beside it."""
    async with await psycopg.AsyncConnection.connect(settings.postgres_url) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute(f"CREATE TABLE {settings.schema_name}.mine (a int)")


def test_a_private_directory_becomes_searchable_not_readable(data_dir: Path) -> None:
    """PostgreSQL's account can pass through a private directory, but others cannot list it."""
    private = data_dir / "private"
    (private / "inside").mkdir(parents=True)
    private.chmod(0o700)
    search_above(private / "inside")
    assert private.stat().st_mode & 0o777 == 0o701
