"""A receiver of webhooks on loopback, which answers as a test says, and keeps what it was sent."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from standardwebhooks import Webhook

from adapters.tasks import cancel_and_wait

Answer = Callable[["Message"], Awaitable[bytes | None]]
OK = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


def said(status: int, text: str = "", *headers: str) -> bytes:
    """An answer."""
    head = "".join(f"{each}\r\n" for each in headers)
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(text)}\r\nConnection: close\r\n{head}\r\n{text}".encode()


class Message:
    """What was sent once."""

    def __init__(self, path: str, headers: dict[str, str], body: bytes) -> None:
        self.path, self.headers, self.body = path, headers, body

    @property
    def id(self) -> str:
        """The id of the message."""
        return self.headers["webhook-id"]

    @property
    def content(self) -> dict[str, Any]:
        """The body as JSON."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    def verify(self, secret: str) -> None:
        """Raise WebhookVerificationError unless the message was signed by this secret, just now."""
        Webhook(secret).verify(self.body, self.headers)


class Receiver:
    """The receiver; `answers` is asked for each message, by default with 204; None breaks the connection."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.answers: Answer = self._ok
        self.url = ""
        self._open: set[asyncio.Task[None] | None] = set()

    @staticmethod
    async def _ok(_: Message) -> bytes | None:
        return OK

    def always(self, answer: bytes | None) -> None:
        """Answer each message so."""

        async def answers(_: Message) -> bytes | None:
            return answer

        self.answers = answers

    async def hang_up(self) -> None:
        """Break what is still waiting."""
        await cancel_and_wait([task for task in self._open if task is not None])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(asyncio.current_task())
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            lines = [line.partition(": ") for line in head[1:] if line]
            fields = {name.lower(): value for name, _, value in lines}
            body = await reader.readexactly(int(fields.get("content-length", 0)))
            message = Message(head[0].split(" ")[1], fields, body)
            self.messages.append(message)
            if (answer := await self.answers(message)) is not None:
                writer.write(answer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            self._open.discard(asyncio.current_task())


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver that listens on a free port."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver._serve, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    try:
        yield receiver
    finally:
        server.close()
        await receiver.hang_up()
