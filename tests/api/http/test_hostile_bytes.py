"""
Requests that are none, byte by byte, to the API as it is served: each is refused, and nothing is smuggled behind it.

What stands after a request that is refused may not be carried out, or a proxy and the API would not agree on where a
request ends.
"""

import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from adapters.settings import Settings
from tests.conftest import migrated
from tests.support.api_process import Served, serving
from tests.support.polling import PATIENCE
from tests.support.servers import Servers

pytestmark = pytest.mark.processes

HOST = b"Host: campus.example\r\n"
SMUGGLED = b"GET /v1/smuggled HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
BODY = b'{"user":"admin"}'
POST = b"POST /v1/enrollments HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"


@pytest.fixture(scope="module")
def api(servers: Servers) -> Iterator[Served]:
    """The API in a process of its own."""
    settings: Settings = migrated(servers)
    with serving(settings) as found:
        yield found


def answers(api: Served, request: bytes, *, ends: bool = False) -> list[tuple[int, bytes]]:
    """Status and text of each answer, until the server closes the connection; *ends*: the client sends no more."""
    url, received = urlsplit(api.url), b""
    with socket.create_connection((url.hostname or "", url.port or 80), timeout=PATIENCE) as connection:
        with suppress(OSError):  # the server has closed it before all was sent
            connection.sendall(request)
            if ends:
                connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while part := connection.recv(65_536):
                received += part
    starts = [found.start() for found in re.finditer(rb"HTTP/1\.[01] \d{3} ", received)]
    parts = [received[start:end] for start, end in zip(starts, [*starts[1:], len(received)], strict=False)]
    return [(int(part.split(b" ", 2)[1]), part) for part in parts]


def chunked(body: bytes) -> bytes:
    """A body in one chunk."""
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


SHAPES = {
    "length and chunks": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "chunks and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 60\r\n\r\n" + SMUGGLED,
    "two lengths in one": POST + b"Content-Length: 0, 60\r\n\r\n" + SMUGGLED,
    "a length with a sign": POST + b"Content-Length: +0\r\n\r\n" + SMUGGLED,
    "a length below nothing": POST + b"Content-Length: -1\r\n\r\n" + SMUGGLED,
    "a length in hexadecimal": POST + b"Content-Length: 0x0\r\n\r\n" + SMUGGLED,
    "a length beyond numbers": POST + b"Content-Length: 99999999999999999999\r\n\r\n" + SMUGGLED,
    "chunks that are none": POST + b"Transfer-Encoding: xchunked\r\n\r\n" + chunked(BODY) + SMUGGLED,
    "chunks within another coding": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n" + chunked(BODY) + SMUGGLED,
    "two codings": POST
    + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"
    + chunked(BODY)
    + SMUGGLED,
    "chunks in HTTP/1.0": POST.replace(b"1.1", b"1.0")
    + b"Transfer-Encoding: chunked\r\n\r\n"
    + chunked(BODY)
    + SMUGGLED,
    "a space before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n" + chunked(BODY) + SMUGGLED,
    "a folded header": POST + b"X-Folded: a\r\n Transfer-Encoding: chunked\r\n\r\n" + chunked(BODY) + SMUGGLED,
    "a header without a name": POST + b": empty\r\n\r\n" + SMUGGLED,
    "a null byte in a header": POST + b"X-Null: a\x00b\r\n\r\n" + SMUGGLED,
    "a return in a header": POST + b"X-Return: a\rTransfer-Encoding: chunked\r\n\r\n" + SMUGGLED,
    "a null byte in a name": POST + b"X\x00: b\r\n\r\n" + SMUGGLED,
    "a length of a chunk that is none": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + BODY + SMUGGLED,
    "a length of a chunk beyond numbers": (
        POST + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n" + BODY + SMUGGLED
    ),
    "a chunk longer than it says": POST
    + b"Transfer-Encoding: chunked\r\n\r\n2\r\n"
    + BODY
    + b"\r\n0\r\n\r\n"
    + SMUGGLED,
    "a chunk that never ends": POST + b"Transfer-Encoding: chunked\r\n\r\n10\r\n",
    "a body that never ends": POST + b"Content-Length: 60\r\n\r\n{",
    "another version": b"GET /healthz HTTP/3.7\r\n" + HOST + b"\r\n" + SMUGGLED,
    "no version": b"GET /healthz\r\n" + HOST + b"\r\n",
    "no method": b" /healthz HTTP/1.1\r\n" + HOST + b"\r\n",
    "a space in the target": b"GET /healthz /v1/smuggled HTTP/1.1\r\n" + HOST + b"\r\n",
    "a null byte in the target": b"GET /health\x00z HTTP/1.1\r\n" + HOST + b"\r\n",
    "no bytes of HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
    "HTTP/2 without a word before": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00" * 9,
    "two hosts": b"GET /healthz HTTP/1.1\r\n" + HOST + b"Host: elsewhere\r\n\r\n",
    "too many headers": b"GET /healthz HTTP/1.1\r\n"
    + HOST
    + b"".join(b"X-%d: 1\r\n" % n for n in range(200))
    + b"\r\n",
    "a header too long": b"GET /healthz HTTP/1.1\r\n" + HOST + b"X-Long: " + b"a" * 600_000 + b"\r\n\r\n",
    "a target too long": b"GET /" + b"a" * 60_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_request_that_is_none_is_refused(api: Served, shape: str) -> None:
    """With 4xx, or by closing the connection; what stands after it is not carried out."""
    found = answers(api, SHAPES[shape], ends="never ends" in shape)
    assert [status for status, _ in found if not 400 <= status < 500] == [], found
    assert not any(b"/v1/smuggled" in text or b"no_such_page" in text for _, text in found), found
    assert len(found) <= 1, found


def test_requests_one_after_the_other_are_answered(api: Served) -> None:
    """As a proof that the smuggled one would be seen: in a pipeline of good requests it is answered."""
    good = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"
    assert [status for status, _ in answers(api, good + good + SMUGGLED)] == [200, 200, 404]


@pytest.mark.parametrize(
    "path",
    [
        "/docs/assets/../../../etc/passwd",
        "/docs/assets/..%2f..%2f..%2fetc/passwd",
        "/docs/assets/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/docs/assets/....//....//etc/passwd",
        "/docs/assets//etc/passwd",
        "/docs/assets/%00/etc/passwd",
        "/docs/assets/..\\..\\..\\etc\\passwd",
        "/docs/assets/%c0%ae%c0%ae/etc/passwd",
        "/v1/../../etc/passwd",
        "/v1/proofs/tile/../../../etc/passwd",
        "/v1/proofs/..%2f..%2fkeys",
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data/",
    ],
)
def test_a_path_leads_nowhere_else(api: Served, path: str) -> None:
    """Neither to files of the machine nor to other hosts."""
    found = answers(api, f"GET {path} HTTP/1.1\r\nHost: campus.example\r\nConnection: close\r\n\r\n".encode())
    assert [status for status, _ in found if status not in (400, 404, 422)] == [], found
    assert not any(b"root:" in text for _, text in found)
