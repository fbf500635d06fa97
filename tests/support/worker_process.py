"""Workers as processes of their own, to be stopped, killed and started again."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Self

from adapters.postgres.connection import connect
from adapters.settings import Settings
from tests.support.polling import guard

WORKER = ("-m", "cli.main", "worker")
TALLYING = ("-m", "tests.support.tally_projector")
NOTHING: Mapping[str, str] = MappingProxyType({})
NEVER_HUNG = "never-hung"  # to a projector whose silence ends no session: only its death gives its segments up

OWNERS = """
SELECT s.projection, s.segment, s.owner
  FROM segments AS s JOIN projections AS p ON p.name = s.projection AND p.generation = s.generation
 WHERE p.status = 'live'
"""


class Process:
    """
    A process of a campus, started by *arguments* of Python.

    Args:
        clock_shift: how many seconds its clock is ahead.
        more: further variables of its environment.
    """

    def __init__(
        self,
        settings: Settings,
        *arguments: str,
        clock_shift: float = 0.0,
        more: Mapping[str, str] = NOTHING,
    ) -> None:
        urls = {field: str(getattr(settings, field)) for field in ("name", "postgres_url", "nats_url", "valkey_url")}
        values = {**urls, "token_secret": settings.token_secret, "log_level": "error", "clock_shift": str(clock_shift)}
        self._environment = os.environ | {f"CAMPUS_{field.upper()}": value for field, value in values.items()}
        self._environment |= dict(more)
        self._arguments = arguments
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> Self:
        """Start it."""
        self._process = await asyncio.create_subprocess_exec(sys.executable, *self._arguments, env=self._environment)
        return self

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    async def end(self, number: signal.Signals) -> int:
        """Send it a signal, and wait until it is gone; returns its exit code."""
        assert self._process is not None
        if self._process.returncode is None:
            self.send(number)
        return await self._process.wait()


class Projectors:
    """Projector processes of the tests' own read models."""

    def __init__(self, settings: Settings, *arguments: str) -> None:
        self._settings = settings
        self._arguments = arguments
        self.running: list[Process] = []

    async def add(self) -> Process:
        """Start one more."""
        self.running.append(await Process(self._settings, *TALLYING, *self._arguments).start())
        return self.running[-1]

    async def end(self, process: Process, number: signal.Signals) -> int:
        """End one of them."""
        self.running.remove(process)
        return await process.end(number)

    async def owned(self, projection: str) -> dict[int, list[int]]:
        """The segments of a read model that each of the running processes has, by its process id."""
        owned: dict[int, list[int]] = {process.pid: [] for process in self.running}
        for segment, owner in (await owners(self._settings, projection)).items():
            pid = int(owner.rpartition(":")[2]) if owner else 0
            owned.setdefault(pid, []).append(segment)
        return {pid: sorted(segments) for pid, segments in owned.items()}

    async def share(self, projection: str) -> list[int]:
        """How many segments the processes have, the most first; not those of others or without an owner."""
        owned = await self.owned(projection)
        return sorted((len(owned[process.pid]) for process in self.running), reverse=True)


async def owners(settings: Settings, projection: str) -> dict[int, str | None]:
    """Who owns each segment of what is served, as `campus projections status` shows it."""
    async with await connect(settings, application="test") as connection:
        rows = await (await connection.execute(OWNERS)).fetchall()
    return {segment: owner for name, segment, owner in rows if name == projection}


@asynccontextmanager
async def projectors(settings: Settings, count: int = 0, *arguments: str) -> AsyncIterator[Projectors]:
    """*count* of them and those that are added, which end in good order."""
    group = Projectors(settings, *arguments)
    try:
        for _ in range(count):
            await group.add()
        yield group
    except BaseException:
        await ended(group.running, signal.SIGKILL)
        raise
    codes = set(await ended(group.running, signal.SIGTERM))
    assert codes <= {0, -signal.SIGTERM}, codes  # the latter of one that has just been started


async def ended(processes: Sequence[Process], number: signal.Signals) -> list[int]:
    """End processes; returns their exit codes."""
    async with guard():
        return await asyncio.gather(*(process.end(number) for process in processes))
