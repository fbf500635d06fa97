"""Servers that answer and cannot do their work: what an operator's change, a failover or a full disk does to them."""

import os
import re
import resource
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import psycopg
from redis.asyncio import Redis

from adapters.settings import Settings
from tests.support.polling import until


class Breakable(Protocol):
    """Servers whose data lies in a directory: those of a test, or of a running campus."""

    @property
    def directory(self) -> Path:
        """The directory, with one for each server in it."""
        ...

    def pid(self, name: str) -> int:
        """The process of a server."""
        ...


@contextmanager
def _nats_admits(servers: Breakable, who: str) -> Iterator[None]:
    """NATS ends all connections and admits those only of whom *who* says, until the block ends."""
    file = servers.directory / "nats" / "nats.conf"
    before = file.read_text()
    without_passwords = re.sub(r"(?m)^NATS_\w+_PASSWORD: .*\n", "", before)
    file.write_text(re.sub(r"(?s)users: \[\n.*?\n\]", who, without_passwords))
    _send(servers.pid("nats"), signal.SIGHUP)
    try:
        yield
    finally:
        file.write_text(before)
        _send(servers.pid("nats"), signal.SIGHUP)


@asynccontextmanager
async def nats_refuses_its_users(servers: Breakable) -> AsyncIterator[None]:
    """NATS ends all connections and lets none in until the block ends."""
    with _nats_admits(servers, 'users: [ { user: "another", password: "for-a-moment" } ]'):
        yield


@asynccontextmanager
async def nats_denies(servers: Breakable, *, user: str, password: str, subject: str) -> AsyncIterator[None]:
    """NATS knows this user only, who may not subscribe to *subject*, until the block ends."""
    permissions = f'permissions: {{ subscribe: {{ deny: "{subject}" }} }}'
    with _nats_admits(servers, f'users: [ {{ user: "{user}", password: "{password}", {permissions} }} ]'):
        yield


@asynccontextmanager
async def nats_cannot_write(servers: Breakable) -> AsyncIterator[None]:
    """NATS may not write to its files until the block ends, as on a full disk."""
    pid = servers.pid("nats")
    usual = resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        with suppress(ProcessLookupError):  # started again meanwhile
            resource.prlimit(pid, resource.RLIMIT_FSIZE, usual)


@asynccontextmanager
async def postgres_with(servers: Breakable, settings: Settings, name: str, value: str) -> AsyncIterator[None]:
    """A setting of the server is *value* for all sessions until the block ends, as after `ALTER SYSTEM`."""
    file = servers.directory / "postgres" / "data" / "postgresql.auto.conf"
    before, usual = file.read_text(), _shown(settings, name)
    file.write_text(f"{before}{name} = {value}\n")
    _send(servers.pid("postgres"), signal.SIGHUP)
    try:
        await until(lambda: _shown(settings, name) != usual)
        yield
    finally:
        file.write_text(before)
        _send(servers.pid("postgres"), signal.SIGHUP)
        await until(lambda: _shown(settings, name) == usual)


@asynccontextmanager
async def postgres_hangs(servers: Breakable) -> AsyncIterator[None]:
    """PostgreSQL and all its sessions are stopped until the block ends: all sockets stay open, and nothing answers."""
    postmaster = servers.pid("postgres")
    os.kill(postmaster, signal.SIGSTOP)
    stopped = [postmaster, *_children(postmaster)]
    try:
        for pid in stopped:
            _send(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in stopped:
            _send(pid, signal.SIGCONT)


@asynccontextmanager
async def frozen(servers: Breakable, name: str) -> AsyncIterator[None]:
    """A process hangs until the block ends."""
    pid = servers.pid(name)
    _send(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        _send(pid, signal.SIGCONT)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # a session that has ended just now
        os.kill(pid, number)


def _shown(settings: Settings, name: str) -> str:
    with psycopg.connect(settings.postgres_url) as connection:
        row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    return str(row and row[0])


@asynccontextmanager
async def valkey_with(settings: Settings, **values: Any) -> AsyncIterator[None]:
    """Valkey has other settings until the block ends, as after `CONFIG SET`; underscores stand for dashes."""
    client = Redis.from_url(settings.valkey_url)
    try:
        names = {name.replace("_", "-"): value for name, value in values.items()}
        before = {name: str((await client.config_get(name))[name]) for name in names}
        for name, value in names.items():
            await client.config_set(name, value)
        yield
        for name, value in before.items():
            await client.config_set(name, value)
    finally:
        await client.aclose()
