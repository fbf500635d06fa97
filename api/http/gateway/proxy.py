"""
Sends a request to an instance that serves its context, and the answer back.

A body is read before anything is sent, so that a slow client holds no instance. A request that did not reach an
instance goes to another one. One that was broken off is sent again only where that changes nothing: a read, and a
command with an `Idempotency-Key`. Short answers are read whole before their head goes out, so that they can be had from
another instance; others, and event streams, pass through as they come.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpcore
import structlog
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from adapters.jwt import JwtClaims
from adapters.postgres.connection import PostgresError, Unavailable
from adapters.tasks import cancel_and_wait
from api.http.contexts import ContextMap
from api.http.door import draining
from api.http.door.door import Door
from api.http.errors import INSTANCE_BROKE_OFF, NO_INSTANCE, BadRequest, Unauthenticated, problem
from api.http.gateway import metrics
from api.http.gateway.fleet import Fleet, Instance
from api.http.gateway.forwarding import Forwarding, Header, answer
from api.http.security import user_of
from api.http.services import Services
from api.http.sessions import SessionUser, recognise
from domain.errors import DomainError

CONNECT_TIMEOUT = 2.0  # seconds
ANSWER_TIMEOUT = 35.0  # seconds of silence; a command may take 25, and event streams speak every 10
PATIENCE = 5.0  # seconds for which a request that has reached no instance waits for one
RETRY_PAUSE = 0.1  # seconds
READ_WHOLE = 1_048_576  # bytes of an answer up to which it is read before it is sent
IDLE = 4.0  # seconds that a connection to an instance is kept; less than the instance keeps it
WITHOUT_KEYS = frozenset(("auth", "user"))
"""Contexts whose commands do not look at `Idempotency-Key`."""

NOT_BEGUN = draining.HEADER.encode()
NOT_SENT = (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout)
BROKEN_OFF = (httpcore.NetworkError, httpcore.RemoteProtocolError, httpcore.TimeoutException)
REFUSED = (Unauthenticated, DomainError, Unavailable, PostgresError, OSError, TimeoutError)
PASSED_ON = (JwtClaims, SessionUser)
"""Users who are known by their claims alone; a token that opens less than its user may goes on as it came."""

TIMEOUTS = {"connect": CONNECT_TIMEOUT, "read": ANSWER_TIMEOUT, "write": ANSWER_TIMEOUT, "pool": CONNECT_TIMEOUT}
RETRY_AFTER = {"retry-after": "1"}

logger = structlog.get_logger()


class Lane(NamedTuple):
    """The template under which the metrics count a request, as a route has it."""

    path: str


@dataclass(frozen=True)
class Forwarded:
    """A request as instances get it; *again* says whether it may be sent twice."""

    method: str
    target: bytes
    headers: list[Header]
    body: bytes
    context: str | None
    again: bool


@dataclass(frozen=True)
class Answered:
    """The answer of an instance: *body* is whole, or the rest comes from *response*."""

    response: httpcore.Response
    headers: list[Header]
    body: bytes | None


class NoInstance(Exception):
    """No instance can be reached that serves the context."""


class BrokenOff(Exception):
    """An instance broke off, and it is not known whether it has carried the request out."""


class Proxy:
    """The ASGI application behind the door of the gateway."""

    def __init__(
        self, contexts: ContextMap, fleet: Fleet, forwarding: Forwarding, door: Door, trust: ssl.SSLContext
    ) -> None:
        """*trust* says by which certificates instances are believed whose URL is `https`."""
        self._contexts, self._fleet, self._forwarding, self._door = contexts, fleet, forwarding, door
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=trust, max_connections=None, max_keepalive_connections=256, keepalive_expiry=IDLE
        )

    async def close(self) -> None:
        """Close the connections to the instances."""
        await self._pool.aclose()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        request = Request(scope, receive)
        try:
            forwarded = await self._forwarded(request)
            instance, answered = await self._ask(forwarded)
        except NoInstance as error:
            await problem(request, 503, NO_INSTANCE, str(error), RETRY_AFTER)(scope, receive, send)
        except httpcore.LocalProtocolError as error:
            await problem(request, 400, BadRequest.code, f"the request cannot be passed on: {error}")(
                scope, receive, send
            )
        except BrokenOff as error:
            await problem(request, 502, INSTANCE_BROKE_OFF, str(error))(scope, receive, send)
        else:
            await self._send(instance, answered, receive, send)

    async def alive(self, instance: Instance) -> None:
        """Ask an instance whether it lives, and note the answer."""
        lively = Forwarded("GET", b"/healthz", [(b"host", b"gateway")], b"", None, again=True)
        instance.circuit.asked(monotonic())
        try:
            answered = await self._ask_one(instance, lively)
            await answered.response.aclose()
        except BROKEN_OFF:
            instance.circuit.failed(monotonic())
        else:
            instance.circuit.succeeded()
            instance.heard_at = monotonic()

    async def _forwarded(self, request: Request) -> Forwarded:
        scope = request.scope
        found = self._contexts.of(scope["path"])
        context, template = found or (None, "(none)")
        scope["route"] = Lane(template)
        has_body = scope["method"] not in ("GET", "HEAD")
        body = await request.body() if has_body else b""
        fields = dict(scope["headers"])
        headers = self._forwarding.request(
            scope["headers"],
            fields,
            client=self._door.client(scope, fields),
            request_id=scope["request_id"],
            user=await recognised(request),
            length=len(body) if has_body else None,
        )
        target = bytes(scope.get("raw_path") or scope["path"].encode())
        if scope["query_string"]:
            target += b"?" + scope["query_string"]
        again = not has_body or (b"idempotency-key" in fields and context not in WITHOUT_KEYS)
        return Forwarded(scope["method"], target, headers, body, context, again)

    async def _ask(self, forwarded: Forwarded) -> tuple[Instance, Answered]:
        """The answer of the first instance that gives one; raises NoInstance or BrokenOff."""
        tried: set[str] = set()
        until = monotonic() + PATIENCE
        while True:
            instance = self._fleet.choose(forwarded.context, tried)
            if instance is None:
                if monotonic() >= until:
                    raise NoInstance(f"no process that serves {forwarded.context or 'this'} answers: try again later")
                await asyncio.sleep(RETRY_PAUSE)
                tried.clear()
                continue
            instance.under_way += 1
            try:
                answered = await self._ask_one(instance, forwarded)
            except BROKEN_OFF as error:
                instance.under_way -= 1
                instance.circuit.failed(monotonic())
                tried.add(instance.url)
                metrics.FAILURES.labels(forwarded.context or "").inc()
                logger.warning("instance.failed", url=instance.url, error=f"{type(error).__name__} {error}".strip())
                if not isinstance(error, NOT_SENT) and not forwarded.again:
                    raise BrokenOff(
                        "the process that carried this out broke off; whether it was carried out is not known: send a"
                        " command with an Idempotency-Key, and the gateway repeats it"
                    ) from error
            except BaseException:
                instance.under_way -= 1
                raise
            else:
                instance.circuit.succeeded()
                return instance, answered

    async def _ask_one(self, instance: Instance, forwarded: Forwarded) -> Answered:
        """Send the request to an instance, and read its answer if that is short."""
        parts = urlsplit(instance.url)
        url = httpcore.URL(
            scheme=parts.scheme.encode(),
            host=(parts.hostname or "").encode(),
            port=parts.port,
            target=forwarded.target,
        )
        request = httpcore.Request(
            forwarded.method, url, headers=forwarded.headers, content=forwarded.body, extensions={"timeout": TIMEOUTS}
        )
        response = await self._pool.handle_async_request(request)
        if response.status == 503 and any(name.lower() == NOT_BEGUN for name, _ in response.headers):
            await response.aclose()
            raise httpcore.ConnectError("it drains, and has not begun the request")
        headers = answer(response.headers)
        length = dict(headers).get(b"content-length")
        if response.status == 304 or (length is not None and int(length) <= READ_WHOLE):
            try:
                return Answered(response, headers, await response.aread())
            finally:
                await response.aclose()
        return Answered(response, headers, None)

    async def _send(self, instance: Instance, answered: Answered, receive: Receive, send: Send) -> None:
        try:
            head = {"type": "http.response.start", "status": answered.response.status, "headers": answered.headers}
            await send(head)
            if answered.body is not None:
                await send({"type": "http.response.body", "body": answered.body})
                return
            await _until_gone(_pass_on(answered.response, send), receive)
        finally:
            instance.under_way -= 1
            await answered.response.aclose()


async def _pass_on(response: httpcore.Response, send: Send) -> None:
    """Send what comes, as it comes; an answer that is broken off breaks this one."""
    stream: AsyncIterator[bytes] = response.aiter_stream()
    async for chunk in stream:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _until_gone(work: Any, receive: Receive) -> None:
    """Do *work* as long as the client is there."""
    working, gone = asyncio.create_task(work), asyncio.create_task(_gone(receive))
    try:
        await asyncio.wait((working, gone), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
    finally:
        await cancel_and_wait([working, gone])


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def recognised(request: Request) -> JwtClaims | None:
    """Who sends a request; None for one that names no one, or whose token or session the instance has to refuse."""
    if "authorization" not in request.headers and "cookie" not in request.headers:
        return None
    services: Services = request.app.state.services
    try:
        if "authorization" not in request.headers:
            await recognise(request, services.people.sessions, services.grants, services.log.clock)
        user = user_of(request)
        return user if type(user) in PASSED_ON else None
    except REFUSED:  # the instance meets the same, and says what it is
        return None
