"""
Ports and passwords of embedded servers: drawn once, kept in the data directory, readable by its owner only.

Kept ports let a URL work after a restart; a port that another process has taken meanwhile is replaced.
"""

import json
import os
import secrets
import socket
from pathlib import Path
from typing import Any

LOOPBACK = "127.0.0.1"


def private_directory(path: Path) -> Path:
    """Make *path* if it is missing, open to its owner only."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def write_private(path: Path, text: str) -> None:
    """Replace *path* by *text* in one step, readable by its owner only."""
    private_directory(path.parent)
    scratch = path.with_name(path.name + ".new")
    scratch.unlink(missing_ok=True)
    with open(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123 - has no mode
        file.write(text)
    scratch.replace(path)


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen on *port* now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free for a server
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A loopback port without a listener."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


class Secrets:
    """The kept values of one data directory, in `DATA/run/secrets.json`, mode 0600."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "run" / "secrets.json"
        self._values: dict[str, Any] = json.loads(self._path.read_text()) if self._path.exists() else {}

    def password(self, name: str) -> str:
        """The password of that name, drawn on first use."""
        return str(self._kept(name, self._values.get(name) or secrets.token_urlsafe(24)))

    def port(self, name: str) -> int:
        """The port of that name: the kept one if it is free, else another."""
        port = self._values.get(f"{name}_port")
        return int(self._kept(f"{name}_port", port if port and is_free(port) else free_port()))

    def _kept(self, name: str, value: str | int) -> str | int:
        if self._values.get(name) != value:
            self._values[name] = value
            write_private(self._path, json.dumps(self._values, indent=2))
        return value
