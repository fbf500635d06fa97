"""
A rebuild or a promotion in a process of its own, as `campus projections` runs them, to be killed at a named step.

    python -m tests.support.rebuild_process rebuild WORKERS STEP NUMBER WHOM
    python -m tests.support.rebuild_process promote

Kills itself (`self`) or one of its processes (`child`) when it tells of the step whose title ends with STEP for the
NUMBERth time, the first being its beginning. Prints the report of a rebuild, or the sentence of its failure.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from adapters.settings import Settings
from cli.up.plan import variables
from tests.support.polling import guard, until
from tests.support.workers import BOTH
from workers.rebuild.build import RebuildRequest, rebuild
from workers.rebuild.lock import RebuildError
from workers.rebuild.promotion import promote
from workers.support.session import SessionLost

ROOT = Path(__file__).parents[2]


class Killing:
    """A progress that kills at a step."""

    def __init__(self, step: str, number: int, whom: str) -> None:
        self._step, self._left, self._whom = step, number, whom

    @contextmanager
    def __call__(self, title: str, *, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:  # noqa: ARG002
        """Show nothing."""
        self._tell(title)
        yield lambda _: self._tell(title)

    def _tell(self, title: str) -> None:
        if not title.endswith(self._step):
            return
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid() if self._whom == "self" else folding(os.getpid())[0], signal.SIGKILL)


def folding(pid: int) -> list[int]:
    """The processes of a rebuild that fold: children of a server that Python forks them from."""
    servers = [
        child for child in psutil.Process(pid).children() if any("forkserver" in word for word in child.cmdline())
    ]
    return [child.pid for server in servers for child in server.children()]


class Started:
    """A process that was started, in a group of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = process.pid

    def kill(self) -> None:
        """As `kill -9`."""
        self._process.kill()

    async def end(self) -> tuple[int, str]:
        """Wait until it has ended, and all that it has started: exit code, and what it said."""
        async with guard():
            out, _ = await self._process.communicate()
        await until(lambda: not self.group())
        assert self._process.returncode is not None
        return self._process.returncode, out.decode()

    def group(self) -> list[int]:
        """The processes that belong to it and live."""
        found = []
        for process in psutil.process_iter(["pid", "status"]):
            try:
                if os.getpgid(process.pid) == self.pid and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process.pid)
            except (ProcessLookupError, psutil.NoSuchProcess):
                continue
        return found


@asynccontextmanager
async def started(settings: Settings, *arguments: Any) -> AsyncIterator[Started]:
    """Run this module; whatever happens, nothing of it is left."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.rebuild_process", *map(str, arguments)),
        cwd=ROOT,
        env={**os.environ, **variables(settings)},
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    running = Started(process)
    try:
        yield running
    finally:
        for pid in running.group():
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(pid, signal.SIGKILL)
        await process.wait()


async def _run(arguments: Sequence[str]) -> str:
    settings = Settings()
    if arguments[0] == "promote":
        return str([tuple(await promote(settings, projection)) for projection in BOTH])
    _, workers, step, number, whom = arguments
    order = RebuildRequest(BOTH, workers=int(workers))
    return str((await rebuild(settings, order, Killing(step, int(number), whom))).as_json())


if __name__ == "__main__":
    try:
        print(asyncio.run(_run(sys.argv[1:])))  # noqa: T201 - for the test
    except (RebuildError, SessionLost) as failure:
        print(failure)  # noqa: T201
        sys.exit(3)
