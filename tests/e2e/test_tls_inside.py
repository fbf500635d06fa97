"""TLS between Caddy, gateway and instances, by certificates of an authority of the campus's own."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from adapters.settings import Settings
from cli.connections import room
from cli.http import get_own
from tests.conftest import migrated
from tests.support.certificates import Certificates, made
from tests.support.polling import PATIENCE
from tests.support.servers import Servers
from tests.support.shapes import Front, caddy_program, in_front

pytestmark = [
    pytest.mark.slow,
    pytest.mark.processes,
    pytest.mark.skipif(caddy_program() is None, reason="needs Caddy"),
]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Of API and gateway."""
    return made(tmp_path_factory.mktemp("own"))


@pytest.fixture(scope="module")
def campus(servers: Servers) -> Settings:
    """A campus."""
    return migrated(servers)


@pytest.fixture(scope="module")
def fronts(
    campus: Settings, files: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Front]]:
    """Caddy before an API and before a gateway, which refuse to speak in the clear."""
    with in_front(campus, tmp_path_factory.mktemp("caddy"), files) as found:
        yield found


@pytest.mark.parametrize("name", ["API", "gateway"])
def test_nothing_between_processes_is_in_the_clear(
    name: str, fronts: dict[str, Front], files: Certificates, tmp_path: Path
) -> None:
    """A request comes through all of them, each believes the next by its authority, and HTTP is answered by none."""
    front = fronts[name]
    with httpx.Client(verify=ssl.create_default_context(cafile=str(front.authority)), timeout=PATIENCE) as client:
        answer = client.get(f"https://localhost:{front.tls}/v1/courses")
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
        refused = client.get(f"https://localhost:{front.tls}/openapi.json")
        assert refused.status_code == (401 if name == "gateway" else 404)
    inside = f"https://localhost:{front.upstream}/healthz"
    trust = ssl.create_default_context(cafile=str(files.authority))
    assert httpx.get(inside, verify=trust, timeout=PATIENCE).status_code == 200
    stranger = ssl.create_default_context(cafile=str(made(tmp_path / "other").authority))
    with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        httpx.get(inside, verify=stranger, timeout=PATIENCE)
    with socket.create_connection(("127.0.0.1", front.upstream), timeout=PATIENCE) as plain:
        plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"HTTP/" not in plain.recv(4_096)


def test_commands_on_this_machine_reach_it(campus: Settings, fronts: dict[str, Front], files: Certificates) -> None:
    """At a loopback address, for which the certificate is not; another authority is not believed there either."""
    changed = {
        "api_port": fronts["API"].upstream,
        "ca_file": str(files.authority),
        "tls_certificate_file": str(files.certificate),
        "tls_key_file": str(files.key),
    }
    own = campus.model_copy(update=changed)
    assert asyncio.run(get_own(own, "/healthz")).status == 200
    assert "streams" in asyncio.run(room(own))
    assert asyncio.run(get_own(own.model_copy(update={"ca_file": ""}), "/healthz")).status == 0
