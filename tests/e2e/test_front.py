"""
What faces the internet: Caddy with the files of deploy/, before an API and before the gateway.

TLS is what it has to be, and what is no request, or might be two, smuggles nothing past what Caddy refuses. A request
to `/metrics` stands behind each of them: Caddy does not let it pass, and an API would answer.
"""

import socket
import ssl
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from tests.conftest import migrated
from tests.support.polling import PATIENCE
from tests.support.raw_requests import NEVER_ENDS, answers, request, shapes
from tests.support.servers import Servers
from tests.support.shapes import Front, caddy_program, in_front

pytestmark = [
    pytest.mark.slow,
    pytest.mark.processes,
    pytest.mark.skipif(caddy_program() is None, reason="needs Caddy"),
]

SHAPES = shapes(request("/metrics"))
OF_METRICS = b"process_cpu_seconds_total"
OF_CADDY = (501, 502, 505)
"""What Caddy itself says of codings, of bodies that break off, and of versions that are none."""

OLD = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)
NEW = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
WEAK = "AES128-SHA:AES256-SHA:AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA:DES-CBC3-SHA:@SECLEVEL=0"
"""Ciphers without forward secrecy, or with a MAC after the cipher."""


@pytest.fixture(scope="module")
def fronts(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Front]]:
    """Both."""
    with in_front(migrated(servers), tmp_path_factory.mktemp("caddy")) as found:
        yield found


@pytest.fixture(params=["API", "gateway"])
def front(fronts: dict[str, Front], request: pytest.FixtureRequest) -> Front:
    """One of them."""
    return fronts[request.param]


def negotiated(front: Front, context: ssl.SSLContext) -> str:
    """The version of TLS that Caddy takes; raises what it refuses with."""
    with (
        socket.create_connection(("127.0.0.1", front.tls), timeout=PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        return str(connection.version())


@pytest.mark.parametrize("version", NEW, ids=lambda version: version.name)
def test_tls_is_new_and_its_certificate_is_checked(front: Front, version: ssl.TLSVersion) -> None:
    """1.2 and 1.3, with a certificate of its authority for its name."""
    context = ssl.create_default_context(cafile=str(front.authority))
    context.minimum_version = context.maximum_version = version
    assert negotiated(front, context).replace(".", "_") == version.name
    with pytest.raises(ssl.SSLCertVerificationError):
        negotiated(front, ssl.create_default_context())


@pytest.mark.parametrize("version", OLD, ids=lambda version: version.name)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_tls_is_not_old(front: Front, version: ssl.TLSVersion) -> None:
    """Caddy says itself that it does not take the version."""
    context = ssl.create_default_context(cafile=str(front.authority))
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with pytest.raises(ssl.SSLError, match=r"(?i)alert protocol version"):
        negotiated(front, context)


def test_ciphers_keep_what_was_said(front: Front) -> None:
    """A key that is stolen later opens nothing that was recorded: none but ECDHE with AEAD."""
    context = ssl.create_default_context(cafile=str(front.authority))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(WEAK)
    with pytest.raises(ssl.SSLError, match=r"(?i)handshake failure"):
        negotiated(front, context)


def test_browsers_come_by_tls(front: Front) -> None:
    """The other port sends them there, and each answer says that they have to; also one of Caddy's own."""
    context = ssl.create_default_context(cafile=str(front.authority))
    with httpx.Client(verify=context, timeout=PATIENCE) as client:
        sent_on = client.get(f"http://localhost:{front.redirecting}/v1/courses?limit=1")
        assert sent_on.status_code == 308
        assert sent_on.headers["location"] == "https://localhost/v1/courses?limit=1"
        for path, status in (("/healthz", 200), ("/v1/courses", 401), ("/v1/dev/login", 404), ("/none", 404)):
            answer = client.get(f"https://localhost:{front.tls}{path}")
            assert answer.status_code == status, path
            assert answer.headers.get_list("strict-transport-security") == ["max-age=63072000; includeSubDomains"]


@pytest.mark.parametrize("path", [
    "/metrics", "/metrics/", "//metrics", "/%6detrics", "/./metrics", "/v1/../metrics", "/metrics;x", "/metrics?x",
    "/metrics%2f", "/METRICS", "/metrics%00", "/x/..%2fmetrics", "http://localhost/metrics", "/docs", "/docs/",
    "/%64ocs", "/openapi.json", "/openapi%2ejson", "/redoc", "/v1/dev/login", "/v1/%64ev/login", "/v1//dev/login",
    "/v1/gateway/identity",
])  # fmt: skip
def test_what_is_for_operators_is_not_passed_on(front: Front, path: str) -> None:
    """However it is written."""
    ((status, text),) = answers("127.0.0.1", front.plain, request(path))
    assert status in (308, 400, 401, 404, 405), text
    assert OF_METRICS not in text
    assert b'"openapi"' not in text


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_is_smuggled(front: Front, shape: str) -> None:
    """Caddy refuses what stands behind as it refuses it alone, and the next client gets an answer of its own."""
    found = answers("127.0.0.1", front.plain, SHAPES[shape], ends=NEVER_ENDS in shape)
    assert [status for status, _ in found if status >= 500 and status not in OF_CADDY] == [], found
    assert [status for status, _ in found if status < 400] == [], found
    assert not any(OF_METRICS in text for _, text in found), found
    assert len(found) <= 2, found
    for _ in range(3):
        tag = uuid4().hex
        answer = httpx.get(f"{front.url}/v1/courses", headers={"x-request-id": tag}, timeout=PATIENCE)
        assert (answer.status_code, answer.headers["x-request-id"]) == (401, tag)


def test_a_good_request_behind_another_is_answered(front: Front) -> None:
    """As a proof that a smuggled one would be seen: a good one at its place is answered."""
    first = b"GET /healthz HTTP/1.1\r\nHost: campus.example\r\n\r\n"
    assert [status for status, _ in answers("127.0.0.1", front.plain, first + request("/readyz"))] == [200, 200]


def test_a_slow_head_is_not_waited_for(front: Front) -> None:
    """The connection of a client that sends a head bit by bit is closed."""
    with socket.create_connection(("127.0.0.1", front.plain), timeout=PATIENCE) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: campus.example\r\nX-Slow: ")
        received = b""
        while part := connection.recv(4_096):
            received += part
    assert b" 200 " not in received
