"""Sends one message to an endpoint: a POST over TLS, to a judged address, within a time, without redirects."""

import asyncio
import ssl
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from functools import cache
from typing import NamedTuple

import httpcore

from adapters.settings import Settings
from adapters.webhooks.addresses import AddressRefused, AddressRules, Resolver, resolve
from adapters.webhooks.connections import JudgingBackend

CONNECT_TIMEOUT = 5.0  # seconds
TIMEOUT = 15.0  # seconds for all of it
KEPT = 1_024  # bytes of an answer
AGENT = "Campuslog"
FAILURES = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, ssl.SSLError, OSError)


class NotFetched(Exception):
    """What is at an address of another system could not be had; the message says why."""


class Answered(NamedTuple):
    """
    What has become of a message.

    Attributes:
        status: None if nothing was answered, and *error* says why.
        text: the first `KEPT` bytes of the answer.
        retry_after: seconds that the receiver asks to wait, 0 if it does not.
    """

    status: int | None
    milliseconds: int
    error: str | None = None
    text: str = ""
    retry_after: float = 0.0

    @property
    def is_delivered(self) -> bool:
        """Whether the receiver has taken it."""
        return self.status is not None and 200 <= self.status < 300


@cache
def trusting_the_system() -> ssl.SSLContext:
    """The certificate authorities of the system, read once: that takes 20 ms, which every start of an API would pay."""
    return ssl.create_default_context()


class WebhookClient:
    """Sends the messages of one process."""

    def __init__(self, settings: Settings, resolver: Resolver = resolve) -> None:
        self.rules = AddressRules(settings.webhook_host_names, is_development=settings.dev_login)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=trusting_the_system(),
            max_connections=None,
            max_keepalive_connections=0,  # each message has its address judged
            network_backend=JudgingBackend(self.rules, resolver),
        )

    async def close(self) -> None:
        """Close what is open."""
        await self._pool.aclose()

    async def fetch(self, url: str, largest: int) -> bytes:
        """
        Get what is at an address of another system, by the same rules.

        Raises:
            NotFetched: there is no answer, another status than 200, or more than *largest* bytes.
        """
        try:
            async with asyncio.timeout(TIMEOUT):
                status, _, content = await self._exchange("GET", url, {"accept": "application/json"}, b"", largest + 1)
        except TimeoutError as error:
            raise NotFetched(f"no answer within {TIMEOUT:.0f} s") from error
        except AddressRefused as error:
            raise NotFetched(str(error)) from error
        except FAILURES as error:
            raise NotFetched(f"{type(error).__name__}: {error}"[:200]) from error
        if status != 200:
            raise NotFetched(f"the answer is {status}")
        if len(content) > largest:
            raise NotFetched(f"the answer has more than {largest:,} bytes")
        return content

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answered:
        """Send a message once."""
        started = time.monotonic()

        def after() -> int:
            return round((time.monotonic() - started) * 1_000)

        try:
            async with asyncio.timeout(TIMEOUT):
                sent = {"content-type": "application/json", **headers}
                status, said, content = await self._exchange("POST", url, sent, body, KEPT)
        except TimeoutError:
            return Answered(None, after(), f"no answer within {TIMEOUT:.0f} s")
        except AddressRefused as error:
            return Answered(None, after(), str(error))
        except FAILURES as error:
            return Answered(None, after(), f"{type(error).__name__}: {error}"[:200])
        moved = "redirects are not followed" if 300 <= status < 400 else None
        text = content[:KEPT].decode(errors="replace").replace("\0", "\ufffd")
        return Answered(status, after(), moved, text, retry_after(said))

    async def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, kept: int
    ) -> tuple[int, dict[bytes, bytes], bytes]:
        """Status, head, and the first *kept* bytes of the body, or a few more."""
        parsed = httpcore.URL(url)
        host = parsed.host + (b":%d" % parsed.port if parsed.port is not None else b"")
        sent = [
            (b"host", host),
            (b"user-agent", AGENT.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"accept-encoding", b"identity"),
            *((name.encode(), value.encode()) for name, value in headers.items()),
        ]
        timeouts = {"connect": CONNECT_TIMEOUT, "read": TIMEOUT, "write": TIMEOUT, "pool": TIMEOUT}
        request = httpcore.Request(method, parsed, headers=sent, content=body, extensions={"timeout": timeouts})
        response = await self._pool.handle_async_request(request)
        try:
            found = bytearray()
            async for chunk in response.aiter_stream():
                found += chunk
                if len(found) >= kept:
                    break
        finally:
            await response.aclose()
        return response.status, {name.lower(): value for name, value in response.headers}, bytes(found)


def retry_after(headers: Mapping[bytes, bytes]) -> float:
    """What `Retry-After` asks for, in seconds, as a number or as a date; 0 without one that can be read."""
    said = headers.get(b"retry-after", b"").decode("latin-1").strip()
    if said.isdigit():
        return float(said[:6])
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except (ValueError, TypeError):
        return 0.0
