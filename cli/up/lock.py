"""
One campus per data directory: a file lock that `campus up` takes and every child inherits.

The lock is free when the last of them has ended, so a start after a `kill -9` waits until the servers of the killed run
have closed their files.
"""

import asyncio
import fcntl
import os
from pathlib import Path
from typing import Self

from adapters.embedded.secrets import private_directory
from cli.console import Failure, say

PATIENCE = 60.0  # seconds for the servers of a killed run to finish
RETRY_INTERVAL = 0.1  # seconds


class DataLock:
    """The lock of one data directory, held from `take()` until this process and its children have ended."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        path = private_directory(private_directory(data_dir) / "run") / "lock"
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    async def take(self) -> Self:
        """
        Take the lock; wait for the servers of a killed run.

        Raises:
            Failure: a campus runs on this directory.
        """
        for attempt in range(int(PATIENCE / RETRY_INTERVAL)):
            if self._try():
                os.ftruncate(self.descriptor, 0)
                os.pwrite(self.descriptor, identity(os.getpid()).encode(), 0)
                return self
            holder = os.pread(self.descriptor, 100, 0).decode()
            if holder and identity(int(holder.split()[0])) == holder:
                raise Failure(
                    f"{self._data_dir} is in use by another `campus up` (pid {holder.split()[0]}): "
                    "stop that one first, or choose another directory with --data"
                )
            if attempt == 0:
                say("waiting for the servers of an earlier run to finish")
            await asyncio.sleep(RETRY_INTERVAL)
        raise Failure(
            f"processes of an earlier run still hold {self._data_dir}: end them, or choose another with --data"
        )

    def _try(self) -> bool:
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def identity(pid: int) -> str:
    """Pid and start time, which no two processes share; "" if there is no such process."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return ""
    return "" if state == "Z" else f"{pid} {fields[18]}"
