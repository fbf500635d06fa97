"""The supervisor keeps its posts filled, whatever goes wrong on the way."""

import asyncio
import os
from pathlib import Path

import pytest

from adapters.embedded import Child, NatsServer, Program, Secrets
from cli.up import supervisor
from cli.up.supervisor import Supervisor
from tests.support.polling import guard


@pytest.mark.processes
async def test_a_start_that_the_system_refuses_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full for a moment leaves no post empty for ever."""
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.01)
    failures = iter([False, True, False])
    second = asyncio.Event()

    async def start() -> Child:
        if next(failures):
            raise OSError(28, os.strerror(28))
        return Child(Program("sleep", ("sleep", "60"), tmp_path / "sleep.log"))

    def on_change(pids: dict[str, int]) -> None:
        started.append(pids["sleep"])
        if len(started) == 2:
            second.set()

    started: list[int] = []
    supervised = Supervisor(on_change)
    await supervised.add("sleep", start)
    supervised.watch()
    try:
        os.kill(started[0], 9)
        async with guard():
            await second.wait()
    finally:
        await supervised.stop([["sleep"]])
    assert len(set(started)) == 2


@pytest.mark.processes
async def test_a_child_that_lives_and_does_not_work_is_restarted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As NATS, whose stream takes no message again once its disk was full."""
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(supervisor, "LOOK_INTERVAL", 0.01)
    started: list[int] = []
    second = asyncio.Event()

    async def start() -> Child:
        return Child(Program("sleep", ("sleep", "60"), tmp_path / "sleep.log"))

    async def works() -> bool:
        return len(started) == 2

    def on_change(pids: dict[str, int]) -> None:
        started.append(pids["sleep"])
        if len(started) == 2:
            second.set()

    supervised = Supervisor(on_change)
    await supervised.add("sleep", start, works)
    supervised.watch()
    try:
        async with guard():
            await second.wait()
    finally:
        await supervised.stop([["sleep"]])
    assert len(set(started)) == 2


@pytest.mark.processes
async def test_a_restart_that_does_not_help_is_not_repeated_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that goes on doing no work is left to whom it still serves, and tried again after a growing pause."""
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(supervisor, "LOOK_INTERVAL", 0.01)
    started: list[int] = []
    looks = 0
    many = asyncio.Event()

    async def start() -> Child:
        return Child(Program("sleep", ("sleep", "60"), tmp_path / "sleep.log"))

    async def works() -> bool:
        nonlocal looks
        looks += len(started) > 1
        if looks == 50:
            many.set()
        return False

    supervised = Supervisor(lambda pids: started.append(pids["sleep"]))
    await supervised.add("sleep", start, works)
    supervised.watch()
    try:
        async with guard():
            await many.wait()
    finally:
        await supervised.stop([["sleep"]])
    assert len(set(started)) == 2


async def test_a_disk_that_cannot_be_looked_at_is_no_reason_for_a_restart(tmp_path: Path) -> None:
    """As where the directory was unmounted for a moment: the look is taken again, and does not end."""
    assert await NatsServer(tmp_path / "away", Secrets(tmp_path)).does_its_work()
