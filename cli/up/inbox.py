"""The development inbox as `campus up` runs it where no mail server is set, with its mails in memory."""

import sys
from pathlib import Path

from adapters.embedded import Program, Secrets
from adapters.embedded.secrets import LOOPBACK
from adapters.embedded.server import exchange

PAGE = f"GET /messages HTTP/1.1\r\nHost: {LOOPBACK}\r\nConnection: close\r\n\r\n".encode()


class InboxServer:
    """Takes the mails of the dispatcher."""

    name = "inbox"

    def __init__(self, secrets: Secrets) -> None:
        self.port = secrets.port(self.name)
        self.url = f"http://{LOOPBACK}:{self.port}"
        self._smtp_port = secrets.port("inbox_smtp")

    def settings(self) -> dict[str, str]:
        """Where the dispatcher sends its mails."""
        return {"smtp_url": f"smtp://{LOOPBACK}:{self._smtp_port}"}

    async def prepare(self) -> None:
        """Nothing is needed."""

    def program(self, log_dir: Path) -> Program:
        """`campus inbox`."""
        command: tuple[str, ...] = (sys.executable, "-P", "-m", "cli.main", "inbox", "--port", str(self.port))
        command += ("--smtp-port", str(self._smtp_port))
        return Program(self.name, command, log_dir / f"{self.name}.log", {})

    async def does_its_work(self) -> bool:
        """Whether it answers."""
        return await self.is_ready()

    async def is_ready(self) -> bool:
        """Whether it shows its mails; it takes them before that."""
        return await exchange(self.port, PAGE, b"HTTP/1.1 200")
