"""A campus over HTTP in both of its shapes: one process for all contexts, and several behind gateway and Caddy."""

import base64
import json
import os
import secrets
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.embedded.secrets import free_port
from adapters.settings import Settings
from api.http.door.identity import public_key
from cli.up.plan import variables
from tests.support.polling import PATIENCE, wait_until

ROOT = Path(__file__).parents[2]
GROUPS = ("catalog,enrollment,quiz", "progress", "admin,auth,payment,user")
"""Contexts that one process serves together."""

EACH = 2  # processes of a group


@dataclass
class Shape:
    """
    Where a campus answers, and its processes by the contexts that they serve.

    Attributes:
        url: of the outermost process.
        gateway: of the gateway; empty where there is none.
    """

    url: str
    gateway: str = ""
    processes: dict[str, "list[subprocess.Popen[bytes]]"] = field(default_factory=dict)

    def kill_one_of_each(self) -> None:
        """End one process of each group, as a power cut would."""
        for group in self.processes.values():
            group[0].kill()
            group[0].wait(PATIENCE)


@contextmanager
def monolith(settings: Settings) -> Iterator[Shape]:
    """One process."""
    with ExitStack() as stack:
        own = _at(settings)
        _campus(stack, own, "serve")
        _answers(f"{own.api_url}/healthz")
        yield Shape(own.api_url)


@contextmanager
def apart(settings: Settings, directory: Path) -> Iterator[Shape]:
    """Two processes of each group behind the gateway, and Caddy in front of it if that is installed."""
    key = secrets.token_bytes(32)
    trusting = settings.model_copy(
        update={"identity_public_keys": public_key(key), "trusted_proxies": "127.0.0.0/8", "log_level": "warning"}
    )
    with ExitStack() as stack:
        own = _at(trusting, identity_key=base64.b64encode(key).decode(), identity_public_keys="")
        shape = Shape(own.api_url, own.api_url)
        for group in GROUPS:
            shape.processes[group] = [_campus(stack, _at(trusting), "serve", "--contexts", group) for _ in range(EACH)]
        _campus(stack, own, "gateway")
        _answers(f"{own.api_url}/readyz")
        wait_until(lambda: _instances(own.api_url) == EACH)
        if (caddy := caddy_program()) is not None:
            shape.url = _caddy(stack, caddy, own, directory)
        yield shape


def caddy_program() -> str | None:
    """Caddy, of the system or of the wheel."""
    beside = Path(sys.executable).with_name("caddy")
    return str(beside) if beside.exists() else shutil.which("caddy")


def _at(settings: Settings, **changed: Any) -> Settings:
    return settings.model_copy(update={"api_port": free_port(), **changed})


def _campus(stack: ExitStack, settings: Settings, *arguments: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-P", "-m", "cli.main", *arguments]
    return _started(stack, command, {**os.environ, **variables(settings)})


def _caddy(stack: ExitStack, program: str, gateway: Settings, directory: Path) -> str:
    """Caddy with the Caddyfile of deploy/, without TLS, in front of the gateway."""
    port = free_port()
    environment = {
        **os.environ,
        "CAMPUS_ADDRESS": f"http://127.0.0.1:{port}",
        "GATEWAY": f"127.0.0.1:{gateway.api_port}",
        "XDG_DATA_HOME": str(directory),
        "XDG_CONFIG_HOME": str(directory),
        "CADDY_ADMIN": f"127.0.0.1:{free_port()}",
    }
    _started(stack, [program, "run", "--config", str(ROOT / "deploy/Caddyfile.gateway")], environment)
    url = f"http://127.0.0.1:{port}"
    _answers(f"{url}/healthz")
    return url


def _started(stack: ExitStack, command: list[str], environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(command, cwd=ROOT, env=environment)

    def end() -> None:
        process.terminate()
        process.wait(PATIENCE)

    stack.callback(end)
    return process


def _answers(url: str) -> None:
    def is_there() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310 - our own process
                return bool(answer.status == 200)
        except OSError:
            return False

    wait_until(is_there)


def _instances(url: str) -> int:
    """How many processes serve each context, by what the gateway says; the least of all contexts."""
    with urllib.request.urlopen(f"{url}/readyz", timeout=PATIENCE) as answer:  # noqa: S310 - our own process
        return min(len(urls) for urls in json.load(answer)["contexts"].values())
