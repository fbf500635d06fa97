"""A connection that is given up while it is being made, or ends while it sends, leaves no socket and no task."""

import asyncio
import socket
import struct
from contextlib import suppress
from typing import cast

from nats.aio.msg import Msg

from adapters.nats.connection import Nats
from adapters.settings import Settings
from tests.support.polling import until

INFO = (
    b'INFO {"server_id":"A","version":"2.10.0","proto":1,"host":"127.0.0.1","port":0,"max_payload":1048576,'
    b'"headers":true}\r\n'
)
A_MEBIBYTE = bytes(1024 * 1024)
RESET_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: on, zero seconds


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


async def test_reset_while_it_sends(settings: Settings) -> None:
    """The library fails half way through closing such a client; its subscriptions end all the same."""
    peers: list[asyncio.StreamWriter] = []

    async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peers.append(writer)
        writer.write(INFO)
        with suppress(ConnectionError):
            while said := await reader.readline():
                if said == b"PING\r\n":
                    writer.write(b"PONG\r\n")

    async def heard(message: Msg) -> None:
        raise AssertionError(message)

    server = await asyncio.start_server(answering, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        before = asyncio.all_tasks()
        nats = Nats(settings.model_copy(update={"nats_url": f"nats://127.0.0.1:{port}"}), "test")
        listening = asyncio.create_task(nats.subscribe("topic", heard))
        client = await nats.connected()
        await listening
        peer = cast(asyncio.Transport, peers[0].transport)
        peer.pause_reading()

        async def is_stuck() -> bool:
            await client.publish("topic", A_MEBIBYTE)
            await asyncio.sleep(0)  # the client's task that sends takes it, unless it still sends what was before
            return client.pending_data_size > 0

        await until(is_stuck)  # the system's buffers take no more
        peer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_ONCE)
        peer.abort()
        server.close()
        await until(lambda: nats.client is None)
        await nats.close()
        left = {it.get_name() for it in asyncio.all_tasks() - before if "_wait_for_msgs" in repr(it)}
        assert not left
