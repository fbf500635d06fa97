"""The supervisor keeps its posts filled, whatever goes wrong on the way."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.embedded import Child, NatsServer, Program, Secrets
from cli.up import supervisor
from cli.up.supervisor import Start, Supervisor, Works
from tests.support.polling import guard


class Supervised:
    """A child under supervision for the length of a block: the processes that it has had; in the end, two."""

    def __init__(self, directory: Path) -> None:
        self.started: list[int] = []
        self.second = asyncio.Event()
        self._program = Program("sleep", ("sleep", "60"), directory / "sleep.log")

    async def start(self) -> Child:
        """Start the child."""
        return Child(self._program)

    def _note(self, pids: dict[str, int]) -> None:
        self.started.append(pids["sleep"])
        if len(self.started) == 2:
            self.second.set()

    @asynccontextmanager
    async def running(self, start: Start | None = None, works: Works | None = None) -> AsyncIterator[None]:
        """Keep it running until the block ends."""
        watching = Supervisor(self._note)
        await watching.add("sleep", start or self.start, works)
        watching.watch()
        try:
            async with guard():
                yield
        finally:
            await watching.stop([["sleep"]])
        assert len(set(self.started)) == 2


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Supervised:
    """A child that is looked at, and started again, without pauses."""
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(supervisor, "LOOK_INTERVAL", 0.01)
    return Supervised(tmp_path)


@pytest.mark.processes
async def test_a_start_that_the_system_refuses_is_tried_again(child: Supervised) -> None:
    """A disk that is full for a moment leaves no post empty for ever."""
    failures = iter([False, True, False])

    async def start() -> Child:
        if next(failures):
            raise OSError(28, os.strerror(28))
        return await child.start()

    async with child.running(start):
        os.kill(child.started[0], 9)
        await child.second.wait()


@pytest.mark.processes
async def test_a_child_that_lives_and_does_not_work_is_restarted(child: Supervised) -> None:
    """As NATS, whose stream takes no message again once its disk was full."""

    async def works() -> bool:
        return child.second.is_set()

    async with child.running(works=works):
        await child.second.wait()


@pytest.mark.processes
async def test_a_restart_that_does_not_help_is_not_repeated_at_once(child: Supervised) -> None:
    """A server that goes on doing no work is left to whom it still serves, and tried again after a growing pause."""
    looks, many = 0, asyncio.Event()

    async def works() -> bool:
        nonlocal looks
        looks += child.second.is_set()
        if looks == 50:
            many.set()
        return False

    async with child.running(works=works):
        await many.wait()


async def test_a_disk_that_cannot_be_looked_at_is_no_reason_for_a_restart(tmp_path: Path) -> None:
    """As where the directory was unmounted for a moment: the look is taken again, and does not end."""
    assert await NatsServer(tmp_path / "away", Secrets(tmp_path)).does_its_work()
