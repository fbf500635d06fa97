"""
What happens to every request, in one pass around the application.

Each request gets an id (its `X-Request-ID`, else the trace id of its `traceparent`) and is timed. It may not send more
than `LARGEST_BODY` (`LARGEST_PUBLICATION` for the version of a course and for a quiz), nor take more for it than
`SLOWEST_BODY`. Answers above `SMALLEST_COMPRESSED`, and CSV that is sent in parts, are compressed where the client
takes gzip. `HEAD` is answered as `GET` is, without the body. An unexpected error becomes a problem document and a log
line.
"""

import asyncio
import re
import time
import zlib
from collections.abc import MutableMapping
from typing import Any, Protocol

import structlog
import uuid_utils
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.open_files import SLOWEST_BODY
from api.http import metrics
from api.http.csv_text import CSV
from api.http.errors import INTERNAL, NotAcceptable, problem
from api.http.negotiation import coding, takes_plain

LARGEST_BODY = 1_048_576  # bytes
LARGEST_PUBLICATION = 16_777_216  # bytes: a course of MAX_UNITS units, whatever their titles are
PUBLICATIONS = re.compile(r"/v1/courses/[^/]+/versions|/v1/quizzes")
SMALLEST_COMPRESSED = 1_024  # bytes
COMPRESSION_LEVEL = 4
LONGEST_REQUEST_ID = 64  # characters
# Of version 00, and of later ones, which may have more: https://www.w3.org/TR/trace-context/#traceparent-header
TRACEPARENT = re.compile(rb"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
VARY = b"accept-encoding, authorization, cookie"
BODILESS = frozenset(("GET", "HEAD"))  # methods for which no route reads a body

logger = structlog.get_logger()
_observed: dict[tuple[str, str, int], Any] = {}


class HeadAnswered(OSError):
    """The head of an endless answer was sent, and `HEAD` asks for no more; an OSError ends a stream of Starlette."""


class BodyTooLarge(HTTPException):
    """The request sends more than it may; FastAPI lets an HTTPException through while it reads a body."""

    def __init__(self, largest: int) -> None:
        super().__init__(413, f"a body has at most {largest} bytes here")


class BodyTooSlow(HTTPException):
    """The body of the request does not come."""

    def __init__(self) -> None:
        super().__init__(408, f"the body did not arrive within {SLOWEST_BODY:.0f} s")


class RequestMiddleware:
    """The one middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = RequestState(scope, receive, send)
        try:
            exchange.check_announced()
            await self._app(exchange.scope, exchange.receive if exchange.has_body else receive, exchange.send)
        except (HeadAnswered, ClientDisconnect):
            if not exchange.headless:
                raise
        except BodyTooLarge as error:
            await exchange.refuse(413, "body_too_large", error.detail)
        except NotAcceptable as error:
            await exchange.refuse(406, error.code, error.sentence)
        except Exception:
            logger.exception("request.failed", request_id=exchange.request_id, path=scope["path"])
            if exchange.status:
                raise  # half of the answer is out: the server has to break the connection
            await exchange.refuse(500, INTERNAL, "an unexpected error; the log line with this request_id has its cause")
        finally:
            exchange.observe()


class Compressor(Protocol):
    """What zlib calls so, and does not export."""

    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


class RequestState:
    """One request and its answer on their way through."""

    __slots__ = (
        "_body_until", "_compressor", "_held", "_receive", "_received", "_send", "announced", "coding", "has_body",
        "headless", "largest_body", "method", "request_id", "scope", "smallest", "started", "status",
    )  # fmt: skip

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.started = time.perf_counter()
        self.method = scope["method"]
        self.headless = self.method == "HEAD"
        self.scope = {**scope, "method": "GET"} if self.headless else scope
        self._receive, self._send = receive, send
        self.status = self.announced = self._received = 0
        self.has_body = self.method not in BODILESS  # it need not announce a length
        self._body_until: float | None = asyncio.get_running_loop().time() + SLOWEST_BODY if self.has_body else None
        publishes = self.has_body and PUBLICATIONS.fullmatch(scope["path"])
        self.largest_body = LARGEST_PUBLICATION if publishes else LARGEST_BODY
        encodings: list[str] = []
        self._held: MutableMapping[str, Any] | None = None
        self._compressor: Compressor | None = None
        self.request_id = trace_id = ""
        for name, value in scope["headers"]:
            if name == b"x-request-id":
                self.request_id = _fit(value)
            elif name == b"traceparent":
                trace_id = _trace_id(value)
            elif name == b"content-length":
                self.announced = _number(value)
            elif name == b"accept-encoding":
                encodings.append(value.decode("latin-1"))
        taken = ", ".join(encodings)
        self.coding = coding(taken) if encodings else "identity"
        self.smallest = 0 if encodings and not takes_plain(taken) else SMALLEST_COMPRESSED
        if not self.request_id:
            self.request_id = trace_id or uuid_utils.uuid7().hex
        self.scope["request_id"] = self.request_id

    def check_announced(self) -> None:
        """Refuse a body of which we know beforehand that it is too large, and a client that takes no coding."""
        if self.coding is None:
            raise NotAcceptable("Accept-Encoding takes neither gzip nor identity, and there is nothing else")
        if self.announced > self.largest_body:
            raise BodyTooLarge(self.largest_body)

    async def receive(self) -> Message:
        """The next part of the request's body, as long as it is not too large."""
        try:
            async with asyncio.timeout_at(self._body_until):
                message = await self._receive()
        except TimeoutError:
            raise BodyTooSlow from None
        if not message.get("more_body"):
            self._body_until = None  # what may still come is that the client goes
        self._received += len(message.get("body", b""))
        if self._received > self.largest_body:
            raise BodyTooLarge(self.largest_body)
        return message

    async def send(self, message: Message) -> None:
        """The next part of the answer; its head is held back until it is known whether the body is compressed."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"].append((b"x-request-id", self.request_id.encode("latin-1")))
            _vary(message)
            if self.coding == "gzip":
                self._held = message
                return
        elif self._held is not None:
            head, self._held = self._held, None
            if not message.get("more_body") and len(message.get("body", b"")) > self.smallest:
                _compress(head, message)
            elif message.get("more_body") and _is_file(head):
                self._compressor = _compressor()
                _note_coding(head)
            await self._send(head)
        if self._compressor is not None and message["type"] == "http.response.body":
            message["body"] = self._compressor.compress(message.get("body", b""))
            if not message.get("more_body"):
                message["body"] += self._compressor.flush()
        if self.headless and message["type"] == "http.response.body":
            await self._send({"type": "http.response.body", "body": b""})
            if message.get("more_body"):
                raise HeadAnswered
            return
        await self._send(message)

    async def refuse(self, status: int, code: str, detail: str) -> None:
        """Answer with a problem instead."""
        self._held = None
        response = problem(Request(self.scope), status, code, detail)
        await response(self.scope, self._receive, self.send)

    def observe(self) -> None:
        """Record how long the answer took, under the template of its route."""
        route = getattr(self.scope.get("route"), "path", "(none)")
        if route.endswith("/events"):
            return  # as long as the client stayed
        key = (route, self.method, self.status)
        histogram = _observed.get(key)
        if histogram is None:
            histogram = _observed[key] = metrics.REQUESTS.labels(*map(str, key))
        histogram.observe(time.perf_counter() - self.started)


def _compress(head: MutableMapping[str, Any], body: MutableMapping[str, Any]) -> None:
    if any(name == b"content-encoding" for name, _ in head["headers"]):
        return
    compressor = _compressor()
    body["body"] = compressor.compress(body["body"]) + compressor.flush()
    _note_coding(head)
    head["headers"].append((b"content-length", str(len(body["body"])).encode()))


def _compressor() -> "Compressor":
    return zlib.compressobj(COMPRESSION_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)


def _note_coding(head: MutableMapping[str, Any]) -> None:
    """Say that the body is compressed; its length is another one."""
    head["headers"] = [(name, value) for name, value in head["headers"] if name != b"content-length"]
    head["headers"].append((b"content-encoding", b"gzip"))


def _is_file(head: MutableMapping[str, Any]) -> bool:
    """Whether the answer is a file that is sent in parts; events must not wait in a compressor."""
    return any(name == b"content-type" and value.startswith(CSV.encode()) for name, value in head["headers"])


def _vary(head: MutableMapping[str, Any]) -> None:
    """Say that the answer depends on what the client takes, be it compressed or not."""
    named = [value for name, value in head["headers"] if name == b"vary"]
    if not named:
        head["headers"].append((b"vary", VARY))
        return
    wanted = [value for value in named if b"accept-encoding" not in value.lower()]
    head["headers"] = [header for header in head["headers"] if header[0] != b"vary"]
    head["headers"].append((b"vary", b", ".join([*wanted, VARY])))


def _fit(value: bytes) -> str:
    """The request id of a client, if it can stand in a header and a log; else None, and the middleware makes one."""
    text = value.decode("latin-1")
    return text if len(text) <= LONGEST_REQUEST_ID and text.isascii() and text.isprintable() else ""


def _trace_id(value: bytes) -> str:
    """The trace id of a client's `traceparent` (W3C Trace Context); empty if it is not well-formed."""
    found = TRACEPARENT.fullmatch(value.strip())
    if found is None or (found[1] == b"00" and found[3] is not None):
        return ""
    return found[2].decode()


def _number(value: bytes) -> int:
    return int(value) if value.isdigit() else 0
