"""
Ports and passwords of embedded servers: drawn once, kept in the data directory, readable by its owner only.

Kept ports let a URL work after a restart; a port that another process has taken meanwhile is replaced.
"""

import base64
import contextlib
import json
import os
import secrets
import socket
from pathlib import Path
from typing import Any

LOOPBACK = "127.0.0.1"
FIRST_PORT = 20_000  # above what well-known servers listen on
PORTS_TRIED = 100
EPHEMERAL_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")


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
    """
    A loopback port without a listener, reserved for a server until this process ends.

    It is below those that the system gives to outgoing connections, unless all of these are in use. On Linux another
    call, also of another process, never answers with the same port; elsewhere only if the server listens by then.
    """
    below = _first_ephemeral_port()
    for _ in range(PORTS_TRIED):
        port = FIRST_PORT + secrets.randbelow(max(1, below - FIRST_PORT))
        with contextlib.suppress(OSError):
            return _reserve(port)
    return _reserve(0)


def _reserve(port: int) -> int:
    """
    Hold *port* (0: any) so that only a server can have it; raises OSError if it is in use or reserved.

    Linux lets a server listen on a port that a socket without a listener has, if both set SO_REUSEADDR. The probe sets
    it after it has the port: with it, it would get what another has reserved.
    """
    with socket.socket() as probe:
        probe.bind((LOOPBACK, port))
        chosen = int(probe.getsockname()[1])
        if os.uname().sysname == "Linux":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.detach()  # open until this process ends
    return chosen


def _first_ephemeral_port() -> int:
    """Where the range of outgoing connections begins (ip(7)); elsewhere than on Linux, as IANA has it."""
    try:
        return int(EPHEMERAL_PORTS.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 49152


class Secrets:
    """The kept values of one data directory, in `DATA/run/secrets.json`, mode 0600."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "run" / "secrets.json"
        self._values: dict[str, Any] = json.loads(self._path.read_text()) if self._path.exists() else {}

    def password(self, name: str) -> str:
        """The password of that name, drawn on first use."""
        return str(self._kept(name, self._values.get(name) or secrets.token_urlsafe(24)))

    def key(self, name: str) -> str:
        """The key of that name, 32 bytes in base64, drawn on first use."""
        return str(self._kept(name, self._values.get(name) or base64.b64encode(secrets.token_bytes(32)).decode()))

    def port(self, name: str) -> int:
        """The port of that name: the kept one if it is free, else another."""
        port = self._values.get(f"{name}_port")
        return int(self._kept(f"{name}_port", port if port and is_free(port) else free_port()))

    def _kept(self, name: str, value: str | int) -> str | int:
        if self._values.get(name) != value:
            self._values[name] = value
            write_private(self._path, json.dumps(self._values, indent=2))
        return value
