"""The API in a process of its own, as `campus serve` runs it."""

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from adapters.jwt import claims_of, sign
from adapters.settings import Settings
from cli.up.plan import variables
from tests.support.polling import PATIENCE, wait_until

ROOT = Path(__file__).parents[2]


class Served(NamedTuple):
    """Where it answers, and a token of its admin."""

    url: str
    token: str


@contextmanager
def serving(settings: Settings, log: int | None = None, port: int | None = None) -> Iterator[Served]:
    """Serve the campus of *settings* until the block ends; *log* is an open file for what it prints."""
    if port is None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
    own = settings.model_copy(update={"api_port": port})
    own = own.model_copy(update={"public_url": own.public_url or own.api_url})  # where tests open its pages
    command = [sys.executable, "-m", "cli.main", "serve"]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **variables(own)}, stdout=log, stderr=log)
    try:
        _wait(own.api_url, process)
        now = datetime.now(UTC)
        yield Served(own.api_url, sign(claims_of("admin"), own.token_secret, now=now, lifetime=timedelta(hours=1)))
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    def answers() -> bool:
        assert process.poll() is None, f"the API at {url} has ended"
        try:
            urllib.request.urlopen(f"{url}/healthz", timeout=PATIENCE).close()  # noqa: S310 - our own process
        except OSError:
            return False
        return True

    wait_until(answers)
