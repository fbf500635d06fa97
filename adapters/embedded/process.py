"""
One child process: started so that it cannot outlive its parent, watched, and stopped in good order.

Every child runs in a session of its own (a Ctrl-C in the terminal reaches the supervisor alone) and asks the kernel
for a signal on its parent's death (a supervisor that is killed leaves no orphan).
"""

import asyncio
import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from adapters.embedded.secrets import private_directory

PR_SET_PDEATHSIG = 1
LOG_TAIL = 12  # lines shown of a child that did not start
LIBC = ctypes.CDLL(None, use_errno=True)  # looked up before any fork: the child must not load anything


class StartFailed(Exception):
    """A child process has ended, or has not answered in time, instead of becoming ready."""

    def __init__(self, child: "Child", reason: str | None = None) -> None:
        super().__init__(f"{child.name} failed to start: {reason or f'it ended with code {child.exit_code}'}")
        self.log = child.program.log
        self.last_lines = child.last_lines()
        """The end of the child's own log."""


@dataclass(frozen=True)
class UnixUser:
    """The system user that a child runs as."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Program:
    """What to run, and how to stop it."""

    name: str
    command: tuple[str, ...]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    account: UnixUser | None = None
    """None: the user of this process."""
    stdin: Path | None = None
    in_terminal: bool = False
    """Standard error goes to the terminal, for progress; standard output goes to the log."""
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals | None = None
    """What the kernel sends when this process has died; None: the stop signal."""
    stop_timeout: float = 20.0
    """Seconds from the stop signal to SIGKILL."""


class Child:
    """A running program."""

    def __init__(self, program: Program, pass_fds: Sequence[int] = ()) -> None:
        self.program = program
        self._log_start = program.log.stat().st_size if program.log.exists() else 0
        self._process = spawn(program, pass_fds)

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative for the signal that ended it."""
        return self._process.poll()

    def last_lines(self) -> list[str]:
        """The last lines that this process has written to its log."""
        with self.program.log.open(errors="replace") as log:
            log.seek(self._log_start)
            return log.read().splitlines()[-LOG_TAIL:]

    async def wait(self) -> int:
        """Wait for the end of the process; returns its exit code."""
        if self._process.poll() is None:
            await ended(self.pid)
        return self._process.wait()

    async def stop(self) -> None:
        """Send the stop signal; kill the process after `stop_timeout` seconds."""
        if self.exit_code is not None:
            return
        self._process.send_signal(self.program.stop_signal)
        try:
            async with asyncio.timeout(self.program.stop_timeout):
                await self.wait()
        except TimeoutError:
            self.kill()
            await self.wait()

    def kill(self) -> None:
        """Send SIGKILL."""
        self._process.kill()


def spawn(program: Program, pass_fds: Sequence[int]) -> subprocess.Popen[bytes]:
    """Start *program* as a child of the calling thread; the kernel ends the child when that thread ends."""
    private_directory(program.log.parent)
    account = program.account
    with program.log.open("ab") as log, (program.stdin or Path(os.devnull)).open("rb") as stdin:
        return subprocess.Popen(
            program.command,
            stdin=stdin,
            stdout=log,
            stderr=None if program.in_terminal else subprocess.STDOUT,
            env={**os.environ, **program.environment},
            start_new_session=True,
            pass_fds=pass_fds,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            # safe with threads: the function only calls what was loaded before the fork
            preexec_fn=die_with(os.getpid(), program.death_signal or program.stop_signal),  # noqa: PLW1509
        )


def die_with(parent: int, death_signal: signal.Signals) -> Callable[[], None]:
    """A function that the child runs before its program: the kernel sends *death_signal* when *parent* dies."""

    def ask_kernel() -> None:
        end_with_parent(death_signal)
        if os.getppid() != parent:  # the parent died before the request
            os._exit(1)

    return ask_kernel


def end_with_parent(death_signal: signal.Signals) -> None:
    """Ask the kernel to send *death_signal* to this process when the thread that started it ends."""
    LIBC.prctl(PR_SET_PDEATHSIG, death_signal)


async def ended(pid: int) -> None:
    """Wait until the process *pid*, a child or not, has ended."""
    loop = asyncio.get_running_loop()
    descriptor = os.pidfd_open(pid)
    readable = asyncio.Event()
    loop.add_reader(descriptor, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
