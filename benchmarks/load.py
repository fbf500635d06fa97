"""
A load of HTTP requests over many kept-alive connections, made by one thread.

Deliberately small: it shares two cores with what it measures, and a general client costs more per request than the
server does. It speaks HTTP/1.1 with Content-Length only, to loopback only.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import cast
from urllib.parse import urlsplit


class UnexpectedAnswer(Exception):
    """The server answered a request of the load with an error."""


@dataclass
class Load:
    """The result: seconds of each request, and of the whole."""

    seconds: float = 0.0
    took: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.took) / self.seconds

    def percentile(self, percent: float) -> float:
        """Seconds within which *percent* of the requests were answered."""
        ordered = sorted(self.took)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def request(method: str, url: str, *, token: str = "", cookie: str = "", body: bytes = b"") -> bytes:
    """The bytes of one request; with *cookie*, as a page of the same origin sends it."""
    parts = urlsplit(url)
    lines = [f"{method} {parts.path}{'?' + parts.query if parts.query else ''} HTTP/1.1", f"Host: {parts.netloc}"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if cookie:
        lines += [f"Cookie: {cookie}", "Sec-Fetch-Site: same-origin"]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


class _Connection(asyncio.Protocol):
    """Sends one request after the other, each after the answer to the last."""

    def __init__(self, following: Callable[[], bytes | None], load: Load, done: "asyncio.Future[None]") -> None:
        self._following, self._load, self._done = following, load, done
        self._buffer = b""
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def _send(self) -> None:
        following = self._following()
        if following is None:
            self._transport.close()
            if not self._done.done():
                self._done.set_result(None)
            return
        self._sent_at = time.perf_counter()
        self._transport.write(following)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found or len(rest) < content_length(head):
            return
        self._load.took.append(time.perf_counter() - self._sent_at)
        self._buffer = b""
        if head[9:10] != b"2":
            self._fail(UnexpectedAnswer(f"{head[:60].decode(errors='replace')}: {rest[:300].decode(errors='replace')}"))
            return
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or UnexpectedAnswer("the server closed the connection"))

    def _fail(self, error: Exception) -> None:
        if not self._done.done():
            self._done.set_exception(error)
        self._transport.close()


def content_length(head: bytes) -> int:
    """Length of the body that the headers announce, in bytes."""
    for line in head.split(b"\r\n"):
        if line[:15].lower() == b"content-length:":
            return int(line[15:])
    return 0


async def run(url: str, following: Callable[[], bytes | None], clients: int) -> Load:
    """Send requests of *following* until it returns None, over *clients* connections at once."""
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    load = Load()
    waiting: list[asyncio.Future[None]] = []
    started = time.perf_counter()
    for _ in range(clients):
        done: asyncio.Future[None] = loop.create_future()
        waiting.append(done)
        await loop.create_connection(partial(_Connection, following, load, done), parts.hostname or "", parts.port or 0)
    await asyncio.gather(*waiting)
    load.seconds = time.perf_counter() - started
    return load


def for_seconds(seconds: float, make: Callable[[], bytes]) -> Callable[[], bytes | None]:
    """Yield from *make* until *seconds* are over."""
    end = time.perf_counter() + seconds
    return lambda: make() if time.perf_counter() < end else None
