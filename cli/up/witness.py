"""
The witness as `campus up` runs it, for demonstration: beside the campus, with its state in `DATA/witness`.

One that is worth its name runs on a machine of another owner, with CAMPUS_PROOF_WITNESSES saying where.
"""

import sys
from pathlib import Path

from adapters.embedded import Program, Secrets
from adapters.embedded.secrets import LOOPBACK
from adapters.embedded.server import exchange
from adapters.settings import Settings

KEYS = f"GET /keys HTTP/1.1\r\nHost: {LOOPBACK}\r\nConnection: close\r\n\r\n".encode()


class WitnessServer:
    """A witness; `look_at` says where the API is before it is started."""

    name = "witness"

    def __init__(self, data_dir: Path, secrets: Secrets) -> None:
        self.port = secrets.port(self.name)
        self.url = f"http://{LOOPBACK}:{self.port}"
        self._state = data_dir.absolute() / "witness"
        self._arguments: tuple[str, ...] = ()

    def settings(self) -> dict[str, str]:
        """Where the notary finds it."""
        return {"proof_witnesses": self.url}

    def look_at(self, settings: Settings) -> None:
        """Witness the campus of *settings*."""
        host = LOOPBACK if settings.api_host in ("0.0.0.0", "::") else settings.api_host  # noqa: S104 - compared only
        self._arguments = ("--log", f"http://{host}:{settings.api_port}/v1/proofs")

    async def prepare(self) -> None:
        """Nothing is needed: it makes its directory itself."""

    def program(self, log_dir: Path) -> Program:
        """`campus witness`."""
        command: tuple[str, ...] = (sys.executable, "-P", "-m", "cli.main", "witness", "--port", str(self.port))
        command += ("--state", str(self._state), *self._arguments)
        return Program(self.name, command, log_dir / f"{self.name}.log", {})

    async def does_its_work(self) -> bool:
        """Whether it answers."""
        return await self.is_ready()

    async def is_ready(self) -> bool:
        """Whether it says who it is."""
        return await exchange(self.port, KEYS, b"HTTP/1.1 200")
