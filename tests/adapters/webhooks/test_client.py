"""How long a receiver of webhooks is waited for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from adapters.settings import Settings
from adapters.webhooks import client as module
from adapters.webhooks.client import KEPT, WebhookClient
from tests.support.polling import guard
from tests.support.receiver import OK, Message, receiving

pytestmark = pytest.mark.processes  # it opens connections

NOWHERE = Settings(postgres_url="x", nats_url="x", valkey_url="x", token_secret="no-server-is-asked", dev_login=True)
HEADERS = {"webhook-id": "m1"}


async def test_a_receiver_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor one that stops in the middle of its answer: the time is for all of it; the attempt says how long it was."""
    monkeypatch.setattr(module, "TIMEOUT", 0.2)
    client = WebhookClient(NOWHERE)
    async with receiving() as receiver:

        async def says_nothing(_: Message) -> bytes | None:
            await asyncio.Event().wait()
            return OK

        receiver.answers = says_nothing
        answer = await client.send(receiver.url, HEADERS, b"{}")
        assert (answer.status, answer.error, answer.is_delivered) == (None, "no answer within 0 s", False)
        assert answer.milliseconds >= 200
    async with stopping() as url:
        answer = await client.send(url, HEADERS, b"{}")
        assert (answer.status, answer.error) == (None, "no answer within 0 s")
    await client.close()


async def test_of_a_long_answer_the_beginning_is_read() -> None:
    """The rest is not waited for."""
    client = WebhookClient(NOWHERE)
    async with receiving() as receiver:
        receiver.always(b"HTTP/1.1 500 X\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 2 * KEPT)
        answer = await client.send(receiver.url, HEADERS, b"{}")
        assert (answer.status, len(answer.text)) == (500, KEPT)
    await client.close()


@asynccontextmanager
async def stopping() -> AsyncIterator[str]:
    """A receiver that stops in the middle of its answer; its address."""

    async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx")
        await reader.read()  # until the sender hangs up
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        over.set()

    over = asyncio.Event()
    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()
        async with guard():
            await over.wait()
        await asyncio.sleep(0)  # what was closed last
