"""
What happens to every request, in one pass around the application.

Each request gets an id (its `X-Request-ID`, else the trace id of its `traceparent`) and is timed. It may not send more
than `LARGEST_BODY` (`LARGEST_PUBLICATION` for the version of a course and for a quiz, `LARGEST_CONTENT` for content),
nor take more for it than `SLOWEST_BODY` (`SLOWEST_CONTENT`). The door (api/http/door) lets it in or refuses it, and
says what every answer carries. Answers above `SMALLEST_COMPRESSED`, and CSV that is sent in parts, are compressed where
the client takes gzip. `HEAD` is answered as `GET` is, without the body. An unexpected error becomes a problem document
and a log line.
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
from api.http.door import heads
from api.http.door.door import Door
from api.http.door.refused import Refused
from api.http.door.security_headers import missing
from api.http.door.trace import trace_id, traceparent
from api.http.errors import INTERNAL, BadRequest, NotAcceptable, problem
from api.http.inside import INSIDE
from api.http.negotiation import coding, takes_plain
from api.http.security import PRINCIPAL
from api.http.sessions import CutShort

LARGEST_BODY = 1_048_576  # bytes
LARGEST_CONTENT = 1_073_741_824  # bytes: a video of an hour; it is kept as it comes
SLOWEST_CONTENT = 3_600.0  # seconds
CONTENTS = re.compile(r"/v1/courses/[^/]+/contents")
LARGEST_FILE = 20_971_520  # bytes that a learner hands in with an answer
SLOWEST_FILE = 300.0  # seconds
FILES = re.compile(r"/v1/quizzes/[^/]+/attempts/[^/]+/files")
LARGEST_PAGE_OF_FILES = 3 * LARGEST_FILE  # bytes of a form of a page: several such files, and the other answers
PAGES_OF_FILES = re.compile(
    r"/learn/quizzes/[^/]+/attempts/[^/]+(/answers/[^/]+)?|/teach/courses/[^/]+/(new-unit|units/[^/]+)"
    r"|/teach/banks/[^/]+/files"
)
LARGEST_QUESTION_FILE = 33_554_432  # bytes: a bank of thousands of questions, or a package
QUESTION_FILES = re.compile(r"/v1/question-banks/[^/]+/files")
LARGEST_PUBLICATION = 16_777_216  # bytes: a course of MAX_UNITS units, whatever their titles are
PUBLICATIONS = re.compile(r"/v1/courses/[^/]+/versions|/v1/quizzes")
SMALLEST_COMPRESSED = 1_024  # bytes
COMPRESSION_LEVEL = 4
LONGEST_REQUEST_ID = 64  # characters
VARY = b"accept-encoding, authorization, cookie"
ACTOR = b"campus-actor"
"""Header of answers to an admin who acts as a learner: the id of the admin."""
EVENTS = b"text/event-stream; charset=utf-8"
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

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app, self._door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange, draining = RequestState(scope, receive, send, self._door), self._door.draining
        draining.begun()
        try:
            if INSIDE not in scope:  # what has begun goes on
                draining.check(scope["path"])
            exchange.check_announced()
            exchange.quotas = self._door.admit(exchange.scope, exchange.fields)
            if exchange.method == "POST" and (flow := self._door.flow(scope["path"])) is not None:
                await self._door.count(flow, exchange.scope, exchange.fields)
            await self._app(exchange.scope, exchange.receive if exchange.has_body else receive, exchange.send)
        except HeadAnswered:
            pass
        except ClientDisconnect:
            await exchange.break_off()
        except Refused as error:
            await exchange.refuse(error.status, error.code, str(error), error.headers)
        except BodyTooLarge as error:
            await exchange.refuse(413, "body_too_large", error.detail)
        except NotAcceptable as error:
            await exchange.refuse(406, error.code, error.sentence)
        except CutShort:
            logger.info("request.cut_short", request_id=exchange.request_id)
            raise
        except Exception:
            logger.exception("request.failed", request_id=exchange.request_id, path=scope["path"])
            if exchange.status:
                raise  # half of the answer is out: the server has to break the connection
            await exchange.refuse(500, INTERNAL, "an unexpected error; the log line with this request_id has its cause")
        finally:
            draining.ended(was_stream=exchange.is_stream)
            exchange.observe()


class Compressor(Protocol):
    """What zlib calls so, and does not export."""

    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


class RequestState:
    """One request and its answer on their way through."""

    __slots__ = (
        "_body_until", "_compressor", "_door", "_held", "_receive", "_received", "_send", "announced", "coding",
        "fields", "has_body", "headless", "is_stream", "largest_body", "method", "quotas", "request_id", "scope",
        "smallest", "started", "status",
    )  # fmt: skip

    def __init__(self, scope: Scope, receive: Receive, send: Send, door: Door) -> None:
        self.started = time.perf_counter()
        self.method = scope["method"]
        self.headless = self.method == "HEAD"
        self.scope = {**scope, "method": "GET", "headless": True} if self.headless else scope
        self._receive, self._send = receive, send
        self.status = self._received = 0
        self.has_body = self.method not in BODILESS  # it need not announce a length
        self._body_until: float | None = None
        self.largest_body = LARGEST_BODY
        if self.has_body:
            self._limit_body(scope["path"])
        self._held: MutableMapping[str, Any] | None = None
        self._compressor: Compressor | None = None
        self._door = door
        self.is_stream = False
        self.quotas: list[tuple[bytes, bytes]] = []
        headers = scope["headers"]
        self.fields: dict[bytes, bytes] = dict(headers)
        self.announced = _number(self.fields[b"content-length"]) if b"content-length" in self.fields else 0
        self.coding: str | None = "identity"
        self.smallest = SMALLEST_COMPRESSED
        if b"accept-encoding" in self.fields:
            taken = ", ".join(value.decode("latin-1") for name, value in headers if name == b"accept-encoding")
            self.coding = coding(taken)
            self.smallest = SMALLEST_COMPRESSED if takes_plain(taken) else 0
        self.request_id = _fit(self.fields[b"x-request-id"]) if b"x-request-id" in self.fields else ""
        if not self.request_id and b"traceparent" in self.fields:
            self.request_id = trace_id(traceparent(headers, self.fields))
        if not self.request_id:
            self.request_id = uuid_utils.uuid7().hex
        self.scope["request_id"] = self.request_id

    def _limit_body(self, path: str) -> None:
        """How long the body may be, and how long it may take."""
        slowest = SLOWEST_BODY
        if PUBLICATIONS.fullmatch(path):
            self.largest_body = LARGEST_PUBLICATION
        elif CONTENTS.fullmatch(path):
            self.largest_body, slowest = LARGEST_CONTENT, SLOWEST_CONTENT
        elif FILES.fullmatch(path):
            self.largest_body, slowest = LARGEST_FILE, SLOWEST_FILE
        elif PAGES_OF_FILES.fullmatch(path):
            self.largest_body, slowest = LARGEST_PAGE_OF_FILES, SLOWEST_FILE
        elif QUESTION_FILES.fullmatch(path):
            self.largest_body, slowest = LARGEST_QUESTION_FILE, SLOWEST_FILE
        self._body_until = asyncio.get_running_loop().time() + slowest

    def check_announced(self) -> None:
        """Refuse a head or an announced body that is too large, and a client that takes no coding."""
        scope = self.scope
        heads.check(scope["headers"], self.fields, len(scope["path"]) + len(scope["query_string"]))
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
            if self.quotas:
                message["headers"] += self.quotas
            self._complete(message)
            if (b"content-type", EVENTS) in message["headers"]:
                self.is_stream = True
                self._door.draining.streams_on()
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

    def _complete(self, head: MutableMapping[str, Any]) -> None:
        """Add what every answer carries and this one does not have."""
        named = {name for name, _ in head["headers"]}
        user = self.scope.get(PRINCIPAL) or self.scope.get("identity")
        if user is not None and user.actor is not None and ACTOR not in named:
            head["headers"].append((ACTOR, user.actor.encode("latin-1")))
        if b"content-security-policy" in named:
            head["headers"] += missing(head["headers"], self._door.headers)
        else:
            head["headers"] += self._door.headers
        if b"vary" in named:
            _vary(head)
        else:
            head["headers"].append((b"vary", VARY))

    async def break_off(self) -> None:
        """The client has gone, or what it sends is no body; raises ClientDisconnect if half of the answer is out."""
        if self.headless:
            return
        if self.status:
            raise ClientDisconnect
        sentence = "the body breaks off, or is not what its head says"
        await self.refuse(400, BadRequest.code, sentence, {"connection": "close"})

    async def refuse(self, status: int, code: str, detail: str, headers: dict[str, str] | None = None) -> None:
        """Answer with a problem instead."""
        self._held = None
        response = problem(Request(self.scope), status, code, detail, headers)
        await response(self.scope, self._receive, self.send)

    def observe(self) -> None:
        """Record how long the answer took, under the template of its route, and write it into the access log."""
        route = getattr(self.scope.get("route"), "path", "(none)")
        code = self.scope.get("problem", "") if self.status >= 400 else ""
        if code:
            metrics.REFUSALS.labels(route, code).inc()
        if self._door.log.wants(self.status):
            seconds = time.perf_counter() - self.started
            self._door.log.write(self.method, route, self.status, seconds, self.request_id, code=code)
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
    """Say that the answer depends on what the client takes, be it compressed or not; what is public, on that alone."""
    is_public = any(name == b"cache-control" and value.startswith(b"public") for name, value in head["headers"])
    named = [value for name, value in head["headers"] if name == b"vary"]
    wanted = [value for value in named if b"accept-encoding" not in value.lower()]
    head["headers"] = [header for header in head["headers"] if header[0] != b"vary"]
    head["headers"].append((b"vary", b", ".join([*wanted, b"accept-encoding" if is_public else VARY])))


def _fit(value: bytes) -> str:
    """The request id of a client, if it can stand in a header and a log; else empty, and the middleware makes one."""
    text = value.decode("latin-1")
    return text if len(text) <= LONGEST_REQUEST_ID and text.isascii() and text.isprintable() else ""


def _number(value: bytes) -> int:
    return int(value) if value.isdigit() else 0
