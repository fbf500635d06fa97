"""What works in the background gives way to the others, as far as the settings say."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import psutil
import pytest

from adapters.settings import Settings
from tests.support.appends import query
from tests.support.polling import until
from tests.support.rebuild_process import folding
from tests.support.worker_process import WORKER, Process
from tests.support.workers import BOTH
from workers.as_of.process import ASKED_FOR, FoldJob, niceness_of
from workers.rebuild.build import RebuildRequest, rebuild

NICENESS = 7


@pytest.mark.parametrize(("worker", "niceness"), [("auditor", NICENESS), ("reactor", 0)])
async def test_a_worker(settings: Settings, monkeypatch: pytest.MonkeyPatch, worker: str, niceness: int) -> None:
    """The auditor gives way; a worker for which people wait does not."""
    monkeypatch.setenv("CAMPUS_BACKGROUND_NICENESS", str(NICENESS))
    usual = os.getpriority(os.PRIO_PROCESS, 0)

    async def beats() -> bool:
        return bool(await query(settings, "SELECT name FROM workers WHERE name = %s", worker))

    process = await Process(settings, *WORKER, worker).start()
    try:
        await until(beats)
        running = psutil.Process(process.pid)
        assert running.nice() == usual + niceness
        assert {child.nice() for child in running.children()} <= {usual}  # such as the server that forks folds
        assert bool(running.children()) == (worker == "auditor")
    finally:
        await process.end(signal.SIGKILL)


def test_folds_that_were_asked_for(settings: Settings) -> None:
    """They give way a little, snapshots as all that works in the background; neither where nothing is to give way."""
    asked, regular = FoldJob(settings, (), 0), FoldJob(settings, (), 0, is_regular=True)
    for niceness, expected in ((19, (ASKED_FOR, 19)), (1, (1, 1)), (0, (0, 0))):
        own = settings.model_copy(update={"background_niceness": niceness})
        assert tuple(niceness_of(replace(job, settings=own)) for job in (asked, regular)) == expected


async def test_a_rebuild(settings: Settings) -> None:
    """Each process that folds gives way."""
    seen: set[int] = set()

    @contextmanager
    def look(title: str, *, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:
        for pid in folding(os.getpid()):
            seen.add(psutil.Process(pid).nice())
        yield lambda _: None

    own = settings.model_copy(update={"background_niceness": NICENESS})
    await rebuild(own, RebuildRequest(BOTH, workers=2), look)
    assert NICENESS in seen
