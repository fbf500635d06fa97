"""
Bytes that are no requests, or that two readers may cut into requests at different places (request smuggling).

What stands after such a request may not be carried out, or a proxy and the API would not agree on where it ends.
"""

import re
import socket
from collections.abc import Mapping
from contextlib import suppress

from tests.support.polling import PATIENCE

HOST = b"Host: campus.example\r\n"
BODY = b'{"user":"admin"}'
POST = b"POST /v1/enrollments HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
NEVER_ENDS = "never ends"
"""Stands in the name of a shape after which the client has to say that it sends no more."""


def request(path: str) -> bytes:
    """A good request, the last one of its connection."""
    return b"GET %b HTTP/1.1\r\n%bConnection: close\r\n\r\n" % (path.encode(), HOST)


def chunked(body: bytes) -> bytes:
    """A body in one chunk."""
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


_SHAPES = {
    "length and chunks": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 60\r\n\r\n",
    "two lengths in one": POST + b"Content-Length: 0, 60\r\n\r\n",
    "a length with a sign": POST + b"Content-Length: +0\r\n\r\n",
    "a length below nothing": POST + b"Content-Length: -1\r\n\r\n",
    "a length in hexadecimal": POST + b"Content-Length: 0x0\r\n\r\n",
    "a length beyond numbers": POST + b"Content-Length: 99999999999999999999\r\n\r\n",
    "chunks that are none": POST + b"Transfer-Encoding: xchunked\r\n\r\n" + chunked(BODY),
    "chunks within another coding": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n" + chunked(BODY),
    "two codings": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + chunked(BODY),
    "chunks in HTTP/1.0": POST.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(BODY),
    "a space before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n" + chunked(BODY),
    "a folded header": POST + b"X-Folded: a\r\n Transfer-Encoding: chunked\r\n\r\n" + chunked(BODY),
    "a header without a name": POST + b": empty\r\n\r\n",
    "a null byte in a header": POST + b"X-Null: a\x00b\r\n\r\n",
    "a return in a header": POST + b"X-Return: a\rTransfer-Encoding: chunked\r\n\r\n",
    "a null byte in a name": POST + b"X\x00: b\r\n\r\n",
    "a length of a chunk that is none": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + BODY,
    "a length of a chunk beyond numbers": (POST + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n" + BODY),
    "a chunk longer than it says": POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n" + BODY + b"\r\n0\r\n\r\n",
    "a chunk that never ends": POST + b"Transfer-Encoding: chunked\r\n\r\n10\r\n",
    "a body that never ends": POST + b"Content-Length: 60\r\n\r\n{",
    "another version": b"GET /healthz HTTP/3.7\r\n" + HOST + b"\r\n",
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


def shapes(smuggled: bytes) -> Mapping[str, bytes]:
    """What is sent, by what it is; *smuggled* is a request that stands behind it, if it has an end."""
    return {name: sent if NEVER_ENDS in name else sent + smuggled for name, sent in _SHAPES.items()}


def answers(host: str, port: int, sent: bytes, *, ends: bool = False) -> list[tuple[int, bytes]]:
    """Status and text of each answer, until the server closes the connection; *ends*: the client sends no more."""
    received = b""
    with socket.create_connection((host, port), timeout=PATIENCE) as connection:
        with suppress(OSError):  # the server has closed it before all was sent
            connection.sendall(sent)
            if ends:
                connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while part := connection.recv(65_536):
                received += part
    starts = [found.start() for found in re.finditer(rb"HTTP/1\.[01] \d{3} ", received)]
    parts = [received[start:end] for start, end in zip(starts, [*starts[1:], len(received)], strict=False)]
    return [(int(part.split(b" ", 2)[1]), part) for part in parts]
