"""
paysim as `campus up` runs it where no key of Stripe is set: one more server, with its objects in `DATA/paysim.db`.
"""

import sys
from pathlib import Path

from adapters.embedded import Program, Secrets
from adapters.embedded.secrets import LOOPBACK
from adapters.embedded.server import exchange
from adapters.settings import Settings

KEY = "sk_test_paysim"
CARD = "4242 4242 4242 4242, any later date, any three digits"
RECONCILE_EVERY = 60  # seconds: who tries it out sees that the books agree with what they have just paid or refunded
HEALTH = f"GET /_paysim/health HTTP/1.1\r\nHost: {LOOPBACK}\r\nConnection: close\r\n\r\n".encode()


class PaysimServer:
    """The stand-in for Stripe; `sell_through` says where the API is before it is started."""

    name = "paysim"

    def __init__(self, data_dir: Path, secrets: Secrets) -> None:
        self.port = secrets.port(self.name)
        self.url = f"http://{LOOPBACK}:{self.port}"
        self._data = data_dir.absolute() / "paysim.db"
        self._secret = f"whsec_{secrets.password(self.name)}"
        self._arguments: tuple[str, ...] = ()

    def settings(self) -> dict[str, str]:
        """Where the dispatcher finds it, and by what the API knows its messages."""
        return {
            "stripe_key": KEY,
            "stripe_api_base": self.url,
            "stripe_webhook_secrets": self._secret,
            "reconcile_every": str(RECONCILE_EVERY),
        }

    def sell_through(self, settings: Settings) -> None:
        """Send messages to the API of *settings*, by the campus's clock."""
        host = LOOPBACK if settings.api_host in ("0.0.0.0", "::") else settings.api_host  # noqa: S104 - compared only
        webhook = f"http://{host}:{settings.api_port}/v1/webhooks/stripe"
        self._arguments = ("--webhook", webhook, "--shift", str(settings.clock_shift))

    async def prepare(self) -> None:
        """Nothing is needed: it makes its file itself."""

    def program(self, log_dir: Path) -> Program:
        """`campus paysim`."""
        command: tuple[str, ...] = (sys.executable, "-P", "-m", "cli.main", "paysim", "--port", str(self.port))
        command += ("--data", str(self._data), *self._arguments)
        return Program(self.name, command, log_dir / f"{self.name}.log", {"PAYSIM_SECRET": self._secret})

    async def does_its_work(self) -> bool:
        """Always: one that answers nothing may have been asked to, as a fault."""
        return True

    async def is_ready(self) -> bool:
        """Whether it answers, be it that it is down."""
        return await exchange(self.port, HEALTH, b"HTTP/1.1 ")
