"""
The development inbox: takes every mail by SMTP on loopback (aiosmtpd), keeps the latest in memory, and shows them.

    GET /messages?to=ADDRESS    the mails, the newest first, as JSON
    GET /messages/NUMBER/html   the HTML of one
    GET /                       a page for people
It asks for no password, so it listens on loopback only; a mail goes nowhere from here.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from html import escape
from typing import Any

import msgspec
from aiosmtpd.smtp import SMTP, Envelope
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

LOOPBACK = "127.0.0.1"
KEPT = 200  # mails
LARGEST = 1_048_576  # bytes
SECURE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Development inbox</title>
<style>body {{ font: 1rem/1.5 sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; background: #f3f3f3; padding: 1rem }}</style></head>
<body><h1>Development inbox</h1><p>Mails that the campus has sent, the newest first. None has left this machine.</p>
{}</body></html>
"""
MAIL = "<section><h2>{subject}</h2><p>to {to}, {date}</p><pre>{text}</pre></section>"


class ReceivedMail(msgspec.Struct):
    """A mail as it came in."""

    number: int
    sender: str
    to: list[str]
    subject: str
    date: str
    text: str
    html: str


class Inbox:
    """The latest mails; `handle_DATA` is what aiosmtpd calls."""

    def __init__(self) -> None:
        self.mails: deque[ReceivedMail] = deque(maxlen=KEPT)
        self._count = 0

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep a mail."""
        content = envelope.original_content or b""
        mail = message_from_bytes(content, _class=EmailMessage, policy=policy.default)
        self._count += 1
        self.mails.appendleft(
            ReceivedMail(
                self._count,
                envelope.mail_from or "",
                list(envelope.rcpt_tos),
                str(mail["Subject"] or ""),
                str(mail["Date"] or ""),
                _body(mail, "plain"),
                _body(mail, "html"),
            )
        )
        return "250 kept"

    @asynccontextmanager
    async def listening(self, port: int) -> AsyncIterator[int]:
        """Take mails on a port of loopback (0: any) until the block ends; yields the port."""
        make = partial(SMTP, self, data_size_limit=LARGEST, hostname="inbox.campus.test", enable_SMTPUTF8=True)
        server = await asyncio.get_running_loop().create_server(make, LOOPBACK, port)
        try:
            yield int(server.sockets[0].getsockname()[1])
        finally:
            server.close()


def create(inbox: Inbox, smtp_port: int) -> Starlette:
    """The pages of an inbox, which takes mails as long as they are served."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with inbox.listening(smtp_port):
            yield

    async def messages(request: Request) -> Response:
        wanted = request.query_params.get("to")
        found = [mail for mail in inbox.mails if wanted is None or wanted in mail.to]
        return Response(msgspec.json.encode(found), media_type="application/json", headers=SECURE)

    async def html(request: Request) -> Response:
        number = request.path_params["number"]
        found = next((mail for mail in inbox.mails if mail.number == number), None)
        return HTMLResponse("" if found is None else found.html, 404 if found is None else 200, SECURE)

    async def page(_request: Request) -> Response:
        shown = (
            MAIL.format(
                subject=escape(mail.subject),
                to=escape(", ".join(mail.to)),
                date=escape(mail.date),
                text=escape(mail.text),
            )
            for mail in inbox.mails
        )
        return HTMLResponse(PAGE.format("".join(shown) or "<p>There are none yet.</p>"), headers=SECURE)

    routes = [Route("/", page), Route("/messages", messages), Route("/messages/{number:int}/html", html)]
    return Starlette(routes=routes, lifespan=lifespan)


def _body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return "" if part is None else str(part.get_content())
