"""The supervisor keeps its posts filled, whatever goes wrong on the way."""

import asyncio
import os
from pathlib import Path

import pytest
import typer

from adapters.embedded import Child, Program
from adapters.settings import Settings
from cli import worker
from cli.up import supervisor
from cli.up.supervisor import Supervisor
from cli.worker import LOADS_CODE
from workers.projecting.follower import StaleCode

DEADLINE = 10.0  # seconds


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
        async with asyncio.timeout(DEADLINE):
            await second.wait()
    finally:
        await supervised.stop([["sleep"]])
    assert len(set(started)) == 2


@pytest.mark.processes
async def test_who_ends_to_load_changed_code_is_started_again_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No crash is told, and no pause is made."""
    commands = iter([("sh", "-c", f"exit {LOADS_CODE}"), ("sleep", "60")])
    second = asyncio.Event()
    started: list[int] = []

    async def start() -> Child:
        return Child(Program("projector", next(commands), tmp_path / "projector.log"))

    def on_change(pids: dict[str, int]) -> None:
        started.append(pids["projector"])
        if len(started) == 2:
            second.set()

    supervised = Supervisor(on_change)
    await supervised.add("projector", start)
    supervised.watch()
    try:
        async with asyncio.timeout(DEADLINE):
            await second.wait()
    finally:
        await supervised.stop([["projector"]])
    said = capsys.readouterr().err
    assert "projector loads the changed code: starting it again\n" in said
    assert "has ended" not in said


@pytest.mark.parametrize(("error", "ends_with"), [(StaleCode("overview", 2), typer.Exit), (OSError("full"), OSError)])
def test_a_worker_tells_changed_code_from_a_failure(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, error: Exception, ends_with: type[Exception]
) -> None:
    """By its exit code; any other error stays what it is."""

    async def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(worker, "run_until_signal", fail)
    monkeypatch.setattr(Settings, "load", lambda: settings)
    monkeypatch.setattr("adapters.logging.configure", lambda *_, **__: None)
    with pytest.raises(ends_with) as ended:
        worker.worker(worker.Worker.PROJECTOR)
    if isinstance(ended.value, typer.Exit):
        assert ended.value.exit_code == LOADS_CODE
