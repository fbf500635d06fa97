"""
Throw-away servers for tests: real PostgreSQL, Valkey and NATS in a temporary directory.

It is in memory where there is room for it: to make the tables of a campus takes PostgreSQL a third of the time there.
The directory is not pytest's: as root, PostgreSQL runs as another user, and pytest takes away other users' access to
its own directories whenever another session starts.
"""

import asyncio
import atexit
import fcntl
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import psycopg

from adapters.embedded import Child, NatsServer, PostgresServer, Secrets, Server, ValkeyServer, start, start_all
from adapters.embedded.postgres import DATABASE
from adapters.embedded.secrets import write_private
from adapters.settings import Settings

MASTER_KEY = "b25seS1mb3ItdGhlLXRlc3RzLW9mLWNhbXB1c2xvZyE="  # 32 bytes

FIRST = "tfirst0000000"
"""The campus of which tests get copies, and its database."""

RENAME = """
ALTER SCHEMA {first} RENAME TO {own};
ALTER SCHEMA {first}_read RENAME TO {own}_read;
ALTER SCHEMA {first}_analytics RENAME TO {own}_analytics;
UPDATE pg_proc SET prosrc = replace(prosrc, '{first}', '{own}'),
                   proconfig = replace(proconfig::text, '{first}', '{own}')::text[]
 WHERE pronamespace = '{own}'::regnamespace AND (prosrc ~ '{first}' OR proconfig::text ~ '{first}');
"""
"""A name stands in the text and in the settings of functions; all else knows its schema by number."""


class Servers:
    """Three running servers, each of which can be killed and brought back."""

    def __init__(self, directory: Path, *, durable: bool = False) -> None:
        secrets = Secrets(directory)
        self.directory = directory
        self.postgres = PostgresServer(directory, secrets, durable=durable)
        self.valkey = ValkeyServer(directory, secrets)
        self.nats = NatsServer(directory, secrets)
        self._children: dict[str, Child] = {}

    @property
    def all(self) -> list[Server]:
        """Every server."""
        return [self.postgres, self.valkey, self.nats]

    async def up(self) -> None:
        """Start all three."""
        children = await start_all(self.directory, self.all)
        self._children = {child.name: child for child in children}

    async def down(self) -> None:
        """Stop all that run."""
        await asyncio.gather(*(child.stop() for child in self._children.values()))

    async def kill(self, name: str) -> None:
        """End the server *name* (`postgres`, `valkey`, `nats`) as a power cut would."""
        child = self._children[name]
        child.kill()
        await child.wait()

    def send(self, name: str, number: signal.Signals) -> None:
        """Send the server *name* a signal."""
        os.kill(self.pid(name), number)

    def pid(self, name: str) -> int:
        """The process of the server *name*."""
        return self._children[name].pid

    async def stop(self, name: str) -> None:
        """End the server *name* in good order."""
        await self._children[name].stop()

    async def start(self, name: str) -> None:
        """Bring the ended server *name* back on its port, with its data."""
        server = next(server for server in self.all if server.name == name)
        self._children[name] = await start(server, self.directory)

    async def copied(self) -> Path:
        """A copy of PostgreSQL's data, made while it is stopped; it runs again after that."""
        copy = self.postgres.directory / "copy"
        await self.stop("postgres")
        await asyncio.to_thread(subprocess.check_call, ["cp", "-a", str(self.postgres.cluster), str(copy)])
        await self.start("postgres")
        return copy

    async def put_back(self, copy: Path) -> None:
        """Put a copy in the place of the data of PostgreSQL, which is stopped."""
        await asyncio.to_thread(shutil.rmtree, self.postgres.cluster)
        await asyncio.to_thread(copy.rename, self.postgres.cluster)

    def settings(self, name: str, database: str = DATABASE) -> Settings:
        """Return the settings of the campus *name* on these servers."""
        urls: dict[str, Any] = {key: value for server in self.all for key, value in server.settings().items()}
        urls |= {key: url_in(url, database) for key, url in urls.items() if key.startswith("postgres_")}
        secret = "only-for-the-tests-of-campuslog"
        return Settings(
            name=name,
            data_dir=self.directory,
            token_secret=secret,
            master_keys=MASTER_KEY,
            dev_login=True,
            **urls,
        )

    def copy_of_first(self, name: str) -> Settings:
        """A migrated campus: a copy of the first one, with the name *name*, in a database of that name."""
        self.make_database(name, FIRST)
        settings, first = self.settings(name, name), self.settings(FIRST)
        with psycopg.connect(self.superuser(name), autocommit=True) as connection:
            connection.execute(RENAME.format(first=first.schema_name, own=settings.schema_name).encode())
        return settings

    def make_database(self, name: str, template: str) -> None:
        """Copy a database to which none is connected, with what roles may do with it as a whole."""
        with psycopg.connect(self.superuser("postgres"), autocommit=True) as connection:
            connection.execute(
                f"CREATE DATABASE {name} OWNER campus_owner TEMPLATE {template} STRATEGY file_copy".encode()
            )
            connection.execute(f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC".encode())
            connection.execute(f"GRANT TEMPORARY ON DATABASE {name} TO campus_app".encode())

    def drop_database(self, name: str) -> None:
        """End the sessions in a database, and remove it."""
        with psycopg.connect(self.superuser("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    def superuser(self, database: str) -> str:
        """The URL of a database for a superuser."""
        return url_in(self.postgres.url("postgres"), database)


def url_in(url: str, database: str) -> str:
    """The URL of another database of the same server."""
    return f"{url.rpartition('/')[0]}/{database}"


IN_MEMORY = Path("/dev/shm")
ROOM = 6 << 30  # bytes that are free; the servers of a worker of pytest-xdist use half of one


@cache
def _parent() -> Path:
    """Where throw-away directories are; those that a killed session has left in memory are removed."""
    if not os.access(IN_MEMORY, os.W_OK):
        return Path(tempfile.gettempdir())
    for lock in IN_MEMORY.glob("campuslog-*.lock"):
        with suppress(OSError), lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(lock.with_suffix(""))
    free = min(shutil.disk_usage(IN_MEMORY).free, psutil.virtual_memory().available)
    return IN_MEMORY if free > ROOM else Path(tempfile.gettempdir())


def _remove(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    directory.with_suffix(".lock").unlink(missing_ok=True)


@contextmanager
def throw_away_directory() -> Iterator[Path]:
    """A directory that servers may keep their data in until the block ends."""
    directory = Path(tempfile.mkdtemp(prefix="campuslog-", dir=_parent()))
    with directory.with_suffix(".lock").open("x") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield directory
        finally:
            _remove(directory)


@cache
def _first_cluster() -> Path:
    """A data directory with a cluster of PostgreSQL that has never run: to copy one takes less than to make one."""
    directory = _until_the_end.enter_context(throw_away_directory())
    servers = Servers(directory, durable=False)  # which draws all passwords
    asyncio.run(servers.postgres.prepare())
    asyncio.run(_check_passwords_quickly(servers.postgres))
    asyncio.run(_migrate_first(servers))
    return directory


_until_the_end = ExitStack()
atexit.register(_until_the_end.close)


async def _check_passwords_quickly(postgres: PostgresServer) -> None:
    """Have one round of SCRAM for 4,096, which cost a client more than all else of connecting."""
    passwords = [f"ALTER ROLE {role} PASSWORD '{password}';\n\n" for role, password in postgres._passwords.items()]
    await postgres._as_superuser(postgres.cluster, DATABASE, "".join(["SET scram_iterations = 1;\n\n", *passwords]))


async def _migrate_first(servers: Servers) -> None:
    """Leave a migrated campus in a database of its own, of which tests get copies."""
    from adapters.postgres.ops.migrate import migrate

    child = await start(servers.postgres, servers.directory)
    try:
        servers.make_database(FIRST, DATABASE)
        migrate(servers.settings(FIRST, FIRST))
    finally:
        await child.stop()


@cache
def kept_passwords() -> dict[str, str]:
    """The passwords of all servers of this session, by role and user."""
    kept = json.loads((_first_cluster() / "run" / "secrets.json").read_text())
    return {name: value for name, value in kept.items() if not name.endswith("_port")}


def _copy_first_cluster(directory: Path) -> None:
    """Put that cluster, and the passwords, into a new data directory."""
    first = _first_cluster()
    write_private(directory / "run" / "secrets.json", json.dumps(kept_passwords()))
    subprocess.check_call(["cp", "-a", str(first / "postgres"), str(directory)])


@contextmanager
def running(*, durable: bool = False) -> Iterator[Servers]:
    """Run three servers of one's own until the block ends, then delete their data."""
    with throw_away_directory() as directory:
        _copy_first_cluster(directory)
        servers = Servers(directory, durable=durable)
        try:
            asyncio.run(servers.up())
            yield servers
        finally:
            asyncio.run(servers.down())
