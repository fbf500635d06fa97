"""
Requests that another request sends within its process: the commands of a bulk, and what a page asks and sends.

Each goes through the whole application, so who may send it, what is checked, counted and answered is the same.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from fastapi import Request

from api.http.accountability import REASON, TICKET

Header = tuple[bytes, bytes]

INSIDE = "inside"
"""Member of the scope of a request that another one has sent."""

WHO_ASKS = frozenset(
    (
        *(b"authorization", b"campus-identity", b"cookie", b"host", b"origin", b"sec-fetch-site", b"user-agent"),
        *(b"x-forwarded-for", REASON.encode(), TICKET.encode()),
    )
)
"""Headers that are taken over: who sends the outer request, from where and from which page, and why."""


class InsideAnswer(NamedTuple):
    """What was answered; the body is whole."""

    status: int
    headers: list[Header]
    body: bytes


async def send_inside(
    request: Request, method: str, path: str, *, query: bytes = b"", headers: Sequence[Header] = (), body: bytes = b""
) -> InsideAnswer:
    """
    Send a request in the name of who has sent *request*, and wait for the whole answer.

    Args:
        headers: beside those of WHO_ASKS; one of the same name replaces that of the outer request.
    """
    own = {name for name, _ in headers}
    kept = [pair for pair in request.scope["headers"] if pair[0] in WHO_ASKS and pair[0] not in own]
    scope = {
        **{name: request.scope[name] for name in ("type", "asgi", "http_version", "scheme", "client", "server")},
        "method": method,
        "path": path,
        "raw_path": quote(path).encode(),
        "root_path": "",
        INSIDE: True,
        "query_string": query,
        "headers": [*kept, *headers, (b"x-request-id", request.scope["request_id"].encode("latin-1"))],
    }
    status, answered, parts = 500, [], []

    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if asked:  # an answer in parts waits for the client to go, which it never does
            await asyncio.Event().wait()
        asked = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status, answered
        if message["type"] == "http.response.start":
            status, answered = message["status"], message["headers"]
        else:
            parts.append(message.get("body", b""))

    await request.app(scope, receive, send)
    return InsideAnswer(status, answered, b"".join(parts))
