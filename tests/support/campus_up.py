"""A `campus up` of one's own, as a child process, for the tests of the command line."""

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from adapters.embedded.secrets import free_port
from adapters.settings import PREFIX
from cli.up.instance import read
from cli.up.lock import identity
from tests.support.polling import PATIENCE, until, wait_until
from tests.support.prefork import Preforked

PYTHON_PATH = os.environ.get("PYTHONPATH")  # before any test has changed it
CAMPUS = [sys.executable, "-P", "-m", "cli.main"]
NOT_IN_BACKGROUND = {f"{PREFIX}BACKGROUND_NICENESS": "0"}
"""On a busy machine, what gives way to all others would take for ever."""


def campus(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run one `campus` command to its end."""
    environ = environment(env)
    if "up" not in arguments and _preforked().fits(environ):
        return _preforked().run(list(arguments), environ, PATIENCE)
    return subprocess.run(
        [*CAMPUS, *arguments], capture_output=True, text=True, check=False, timeout=PATIENCE, env=environ
    )


@cache
def _preforked() -> Preforked:
    """The parked interpreter of this process, for which it makes no difference what test needs it first."""
    env = environment()
    env.pop("PYTHONPATH", None)
    preforked = Preforked(env if PYTHON_PATH is None else {**env, "PYTHONPATH": PYTHON_PATH})
    atexit.register(preforked.close)
    return preforked


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Our environment without any campus in it, and *more*."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)} | NOT_IN_BACKGROUND
    return {**clean, "NO_COLOR": "1", "COLUMNS": "200", **(more or {})}


class RunningCampus:
    """A `campus up` that is starting or has started."""

    def __init__(
        self, data_dir: Path, *arguments: str, env: Mapping[str, str] | None = None, seed: bool = False
    ) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.output = data_dir.with_suffix(".out")
        command = [*CAMPUS, "up", "--data", str(data_dir), "--port", str(self.port), *arguments]
        command += [] if seed else ["--no-seed"]
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=output, env=environment(env))

    @property
    def pids(self) -> dict[str, int]:
        """The processes, by name."""
        pids: dict[str, int] = read(self.data_dir)["pids"]
        return pids

    @property
    def directory(self) -> Path:
        """Where its servers keep their data."""
        return self.data_dir

    def pid(self, name: str) -> int:
        """The process *name*."""
        return self.pids[name]

    @property
    def said(self) -> str:
        """Everything it has printed."""
        return self.output.read_text()

    def wait_until_ready(self) -> None:
        """Wait for the table at the end of the start."""

        def is_ready() -> bool:
            assert self.process.poll() is None, self.said
            return "ready after" in self.said

        wait_until(is_ready, lambda: self.said)

    def get(self, path: str) -> dict[str, Any]:
        """Return what the API answers."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=PATIENCE) as response:
            answer: dict[str, Any] = json.load(response)
        return answer

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop; return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def running_campus(
    data_dir: Path, *arguments: str, env: Mapping[str, str] | None = None, seed: bool = False
) -> Iterator[RunningCampus]:
    """Have a campus run and be ready inside the block; whatever happens, it is gone afterwards."""
    started = RunningCampus(data_dir, *arguments, env=env, seed=seed)
    try:
        started.wait_until_ready()
        yield started
    finally:
        if started.process.poll() is None:
            started.stop()


@contextmanager
def sample_campus() -> Iterator[RunningCampus]:
    """
    The sample campus of `campus up`, without limits of rates.

    Its folder is none of pytest's: each run of pytest closes the folder above its own to other users of the machine,
    and then the PostgreSQL of a campus that runs beside it, which is one, does not find its own files by their path.
    """
    env = {"CAMPUS_RATE_PER_NETWORK": "0", "CAMPUS_RATE_PER_USER": "0"}
    with (
        tempfile.TemporaryDirectory(prefix="campuslog-") as folder,
        running_campus(Path(folder) / "campus", env=env, seed=True) as running,
    ):
        yield running


async def kill(running: RunningCampus, name: str) -> None:
    """End one process as a power cut would, and wait until another has its place."""
    pid = running.pids[name]
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    await until(lambda: running.pids[name] != pid)


def wait_until_gone(pids: list[int]) -> None:
    """Wait until none of *pids* lives."""

    def alive() -> list[int]:
        return [pid for pid in pids if identity(pid)]

    wait_until(lambda: not alive(), alive)
