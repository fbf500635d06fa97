"""A connection that is given up while it is being made leaves no socket open."""

import asyncio

from adapters.nats.connection import Nats
from adapters.settings import Settings


async def test_closed_while_it_connects(settings: Settings) -> None:
    """The peer, which has accepted and said nothing, sees the end of the stream."""
    accepted, ended = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.set()
        assert await reader.read() == b""
        ended.set()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        nats = Nats(settings.model_copy(update={"nats_url": f"nats://127.0.0.1:{port}"}), "test")
        await accepted.wait()
        await nats.close()
        await ended.wait()
