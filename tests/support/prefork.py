"""
`campus` commands without the second of imports that each costs: a parked interpreter has them done, and is forked.

The digests of the read models' code are done as well: they are of the code that was imported. The child is a process of
its own with its own environment, streams and exit code, as after an exec. What the imports themselves may have read
(PYTHONPATH, COLUMNS) is that of the parked interpreter, so a command that needs another is not for here.
"""

import atexit
import gc
import json
import multiprocessing
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

from adapters import gc_tuning

PRELOADED = (
    "cli.main",
    "cli.projections",
    "cli.doctor",
    "cli.status",
    "cli.log",
    "cli.jobs",
    "cli.reactions",
    "cli.admin",
    "adapters.auth.admins",
    "adapters.command_bus.record_look",
    "adapters.operations",
    "adapters.procrastinate.queue",
    "projections.engine.fingerprint",
    "projections.registry",
    "workers.rebuild.build",
    "workers.rebuild.promotion",
    "workers.consistency.verify",
    "rich.table",
)
IN_PROCESSES = ("workers.rebuild.process", "workers.as_of.process")  # what a command has done by processes of its own
LONGEST = 1 << 20  # bytes of a request
AT_RUN_TIME = ("CAMPUS", "PYTEST_")  # how variables begin that no import reads


class Preforked:
    """The parked interpreter of this process, started with *env* when it is first needed."""

    def __init__(self, env: Mapping[str, str]) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-P", __file__, str(theirs.fileno())]
            self._process = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
            )
        self._socket = ours
        self._env = _read_by_imports(env)

    def fits(self, env: Mapping[str, str]) -> bool:
        """Whether a command with this environment would have the same imports."""
        return _read_by_imports(env) == self._env

    def run(self, arguments: list[str], env: Mapping[str, str], patience: float) -> subprocess.CompletedProcess[str]:
        """Run `campus` to its end; raises TimeoutExpired, and kills it, after *patience* seconds."""
        mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with mine, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            with its:
                request = json.dumps([arguments, dict(env), str(Path.cwd())]).encode("utf-8", "surrogateescape")
                assert len(request) < LONGEST
                socket.send_fds(self._socket, [request], [its.fileno(), out.fileno(), err.fileno()])
            mine.settimeout(patience)
            with mine.makefile("r") as lines:
                pid = int(lines.readline())
                try:
                    status = os.waitstatus_to_exitcode(int(lines.readline()))
                except TimeoutError:
                    os.kill(pid, signal.SIGKILL)
                    raise subprocess.TimeoutExpired(arguments, patience) from None
            return subprocess.CompletedProcess(arguments, status, _text(out), _text(err))

    def close(self) -> None:
        """End the parked interpreter."""
        self._socket.close()
        self._process.wait()


def _read_by_imports(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if not name.startswith(AT_RUN_TIME)}


def _text(file: Any) -> str:
    file.seek(0)
    return str(file.read().decode().replace("\r\n", "\n"))


def _serve(requests: socket.socket) -> None:
    """Fork for each request until the other end is closed."""
    gc_tuning.look_seldom()
    for module in PRELOADED:
        __import__(module)
    for projection in sys.modules["projections.registry"].PROJECTIONS:
        sys.modules["projections.engine.fingerprint"].code_digest(projection)
    multiprocessing.set_forkserver_preload(list(IN_PROCESSES))
    forkserver.ensure_running()  # for all commands: one of each would do the same imports once more
    gc.freeze()
    threads = len(list(Path("/proc/self/task").iterdir()))
    assert threads == 1, "a thread does not survive a fork"
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no zombies
    while True:
        request, fds, _, _ = socket.recv_fds(requests, LONGEST, 3)
        if not request:
            return
        if os.fork() == 0:
            requests.close()
            _watch(request, *fds)
        for fd in fds:
            os.close(fd)


def _watch(request: bytes, reply: int, out: int, err: int) -> None:
    """Fork the command, and send its process id and then its status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        os.close(reply)
        _become(request, out, err)
    os.write(reply, f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    os.write(reply, f"{status}\n".encode())
    os._exit(0)


def _become(request: bytes, out: int, err: int) -> None:
    """Be the command."""
    arguments, env, directory = json.loads(request.decode("utf-8", "surrogateescape"))
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.close(out)
    os.close(err)
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(env)
    random.seed()
    server: Any = forkserver._forkserver  # is no child of this process, which could not ask whether it runs
    server.ensure_running = forkserver.ensure_running = lambda: None
    sys.argv = [sys.modules["cli.main"].__file__ or "", *arguments]
    _run_to_its_end(sys.modules["cli.main"].main)


def _run_to_its_end(main: Callable[[], None]) -> None:
    """Do what Python does at its end but take apart all modules, whose pages this process would have to copy first."""
    status: int | str | None = 0
    try:
        main()
    except SystemExit as end:
        status = end.code
    except BaseException:  # noqa: BLE001 - as Python does: shown, and the status is 1
        sys.excepthook(*sys.exc_info())
        status = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    if isinstance(status, str):
        sys.stderr.write(f"{status}\n")
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status or 0)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
