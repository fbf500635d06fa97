"""A cable between a client and PostgreSQL that can be cut at the worst moment."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from enum import Enum, auto
from urllib.parse import urlsplit, urlunsplit

from adapters.settings import Settings

# The message that follows the rows of a call, which is committed by then: C, its length, its tag.
COMPLETE = re.compile(rb"C\x00\x00\x00[\x0d-\x0f]SELECT \d")


class Cut(Enum):
    """When to cut the connection."""

    NEVER = auto()
    BEFORE = auto()  # the call does not reach the server
    AFTER = auto()  # the server has carried it out, and its answer does not come back


class Cable:
    """Passes bytes on in both directions, and counts how often it was cut."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self.cut = Cut.NEVER
        self.cuts = 0

    async def plug_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until either end is closed or the cable is cut."""
        there, back = await asyncio.open_connection(self._host, self._port)
        ways = [
            asyncio.create_task(self._pass_on(reader, back, self._cuts_request)),
            asyncio.create_task(self._pass_on(there, writer, self._cuts_answer)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for end in (writer, back):
            end.close()
            with contextlib.suppress(ConnectionError):
                await end.wait_closed()

    async def _pass_on(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, cuts: Callable[[bytes], bool]
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(2**16):
                if cuts(data):
                    self.cut = Cut.NEVER
                    self.cuts += 1
                    return
                target.write(data)
                await target.drain()

    def _cuts_request(self, _: bytes) -> bool:
        return self.cut is Cut.BEFORE

    def _cuts_answer(self, data: bytes) -> bool:
        return self.cut is Cut.AFTER and COMPLETE.search(data) is not None


@asynccontextmanager
async def cable(settings: Settings) -> AsyncIterator[tuple[Settings, Cable]]:
    """A cable to the campus's server, and the settings of those who are behind it."""
    url = urlsplit(settings.postgres_url)
    between = Cable(url.hostname or "", url.port or 5432)
    served: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        served.add(task)
        await between.plug_in(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    address = url.netloc.rpartition("@")[0] + f"@127.0.0.1:{port}"
    try:
        yield settings.model_copy(update={"postgres_url": urlunsplit(url._replace(netloc=address))}), between
    finally:
        server.close()
        await asyncio.gather(*served, return_exceptions=True)
