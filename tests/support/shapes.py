"""A campus over HTTP in both of its shapes: one process for all contexts, and several behind gateway and Caddy."""

import base64
import json
import os
import secrets
import shutil
import ssl
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
from adapters.tls import own_api_context
from api.http.door.identity import public_key
from cli.up.plan import variables
from tests.support.certificates import Certificates
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


@dataclass(frozen=True)
class Front:
    """
    A Caddy on this machine.

    Attributes:
        plain, tls, redirecting: its ports, without TLS, with it, and the one that sends to `https`.
        authority: the file with the certificate of its authority.
        upstream: the port of what it stands before.
    """

    plain: int
    tls: int
    redirecting: int
    authority: Path
    upstream: int

    @property
    def url(self) -> str:
        """Where it answers without TLS."""
        return f"http://127.0.0.1:{self.plain}"


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
        if caddy_program() is not None:
            shape.url = caddy(stack, "Caddyfile.gateway", directory, own.api_port).url
        yield shape


def twice_behind_a_gateway(stack: ExitStack, settings: Settings) -> tuple[Shape, list[str]]:
    """Two processes of all contexts behind a gateway, until the stack ends; and where each answers."""
    key = secrets.token_bytes(32)
    trusting = settings.model_copy(update={"identity_public_keys": public_key(key), "log_level": "warning"})
    own = _at(trusting, identity_key=base64.b64encode(key).decode(), identity_public_keys="")
    each = [_at(trusting) for _ in range(EACH)]
    shape = Shape(own.api_url, own.api_url)
    shape.processes["all"] = [_campus(stack, at, "serve", "--contexts", ",".join(GROUPS)) for at in each]
    shape.processes["gateway"] = [_campus(stack, own, "gateway")]
    _answers(f"{own.api_url}/readyz")
    wait_until(lambda: _instances(own.api_url) == EACH)
    return shape, [at.api_url for at in each]


@contextmanager
def in_front(settings: Settings, directory: Path, files: Certificates | None = None) -> Iterator[dict[str, Front]]:
    """
    Caddy before an API, and Caddy before a gateway, each with the file of deploy/ for it.

    Args:
        files: with which API and gateway speak TLS, so that nothing between processes is in the clear.
    """
    key = secrets.token_bytes(32)
    trusting = settings.model_copy(
        update={
            "identity_public_keys": public_key(key), "trusted_proxies": "127.0.0.0/8", "log_level": "warning",
            "public_url": "https://localhost", **(_speaking_tls(files) if files else {}),
        }
    )  # fmt: skip
    with ExitStack() as stack:
        api, gateway = _at(trusting), _at(trusting, identity_key=base64.b64encode(key).decode())
        if files:
            api = api.model_copy(update={"instance_url": f"https://localhost:{api.api_port}"})
        _campus(stack, api, "serve", "--contexts", ",".join(GROUPS))
        _campus(stack, gateway, "gateway")
        _answers(f"{gateway.api_url}/readyz", own_api_context(gateway))
        yield {
            "API": caddy(stack, "Caddyfile", directory / "api", api.api_port, files),
            "gateway": caddy(stack, "Caddyfile.gateway", directory / "gateway", gateway.api_port, files),
        }


def _speaking_tls(files: Certificates) -> dict[str, Any]:
    return {
        "ca_file": str(files.authority),
        "tls_certificate_file": str(files.certificate),
        "tls_key_file": str(files.key),
        "require_tls": True,
    }


def caddy_program() -> str | None:
    """Caddy, of the system or of the wheel."""
    beside = Path(sys.executable).with_name("caddy")
    return str(beside) if beside.exists() else shutil.which("caddy")


def _at(settings: Settings, **changed: Any) -> Settings:
    return settings.model_copy(update={"api_port": free_port(), **changed})


def _campus(stack: ExitStack, settings: Settings, *arguments: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-P", "-m", "cli.main", *arguments]
    return _started(stack, command, {**os.environ, **variables(settings)})


def caddy(stack: ExitStack, file: str, directory: Path, upstream: int, files: Certificates | None = None) -> Front:
    """Caddy with a file of deploy/, in front of what listens at the port *upstream*, with TLS if there are *files*."""
    authority = directory / "caddy/pki/authorities/local/root.crt"
    found = Front(free_port(), free_port(), free_port(), authority, upstream)
    inside = {"API_SCHEME": "https", "API_CA_FILE": str(files.authority), "API_NAME": "localhost"} if files else {}
    environment = {
        **os.environ,
        **inside,
        "CAMPUS_ADDRESS": f"http://:{found.plain}, https://localhost:{found.tls}",
        "GATEWAY": f"127.0.0.1:{upstream}",
        "API_HOST": "127.0.0.1",
        "API_PORT": str(upstream),
        "CADDY_HTTP_PORT": str(found.redirecting),
        "CADDY_HTTPS_PORT": str(found.tls),
        "CADDY_READ_HEADER": "2s",
        "XDG_DATA_HOME": str(directory),
        "XDG_CONFIG_HOME": str(directory),
        "CADDY_ADMIN": f"127.0.0.1:{free_port()}",
    }
    command = [caddy_program() or "caddy", "run", "--adapter", "caddyfile", "--config", str(ROOT / "deploy" / file)]
    _started(stack, command, environment)
    _answers(f"{found.url}/healthz")
    return found


def _started(stack: ExitStack, command: list[str], environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(command, cwd=ROOT, env=environment)

    def end() -> None:
        process.terminate()
        process.wait(PATIENCE)

    stack.callback(end)
    return process


def _answers(url: str, trust: ssl.SSLContext | None = None) -> None:
    def is_there() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE, context=trust) as answer:  # noqa: S310 - our own process
                return bool(answer.status == 200)
        except OSError:
            return False

    wait_until(is_there)


def _instances(url: str) -> int:
    """How many processes serve each context, by what the gateway says; the least of all contexts."""
    with urllib.request.urlopen(f"{url}/readyz", timeout=PATIENCE) as answer:  # noqa: S310 - our own process
        return min(len(urls) for urls in json.load(answer)["contexts"].values())
