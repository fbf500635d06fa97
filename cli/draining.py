"""SIGUSR1 drains a server: all its processes finish what runs and take nothing new, and then it ends as by SIGTERM."""

import os
import secrets
import shutil
import signal
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

LONGEST = 60.0  # seconds; a command may take 25, and a file that is streamed longer than this is broken off
LOOK_INTERVAL = 0.05  # seconds


def drains(server: Any) -> Path:
    """
    Have SIGUSR1 drain *server*, which is granian's.

    Returns:
        The folder in which each process leaves a file with its number when it has nothing under way any more; it is
        made when it is needed.
    """
    folder = Path(tempfile.gettempdir()) / f"campuslog-drain-{secrets.token_hex(16)}"

    def begin(*_: Any) -> None:
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        threading.Thread(target=_drain, args=(server, folder), daemon=True).start()

    signal.signal(signal.SIGUSR1, begin)
    return folder


def _drain(server: Any, folder: Path) -> None:
    folder.mkdir(mode=0o700)
    numbers = [worker._id() for worker in server.wrks]  # noqa: SLF001 - granian has no other word for it
    for number in numbers:
        os.kill(number, signal.SIGUSR1)
    until = time.monotonic() + LONGEST
    while not all((folder / str(number)).exists() for number in numbers) and time.monotonic() < until:
        time.sleep(LOOK_INTERVAL)
    shutil.rmtree(folder, ignore_errors=True)
    os.kill(os.getpid(), signal.SIGTERM)
