"""
The tail of the log for all followers of one process: pages by position, each read and decoded once.

A hint after a commit wakes the followers that wait; the first of them reads the new facts, the others find them in the
page. Without a hint they wake after a pause, which grows while the log does not. A lost hint costs time, nothing else:
facts come from the log only, by position (decisions/0061).

A page belongs to the life of the log in which it was read; a reader gets facts of the life of its own connection only.
"""

import asyncio
import contextlib
from collections import OrderedDict

import structlog

from adapters.nats import hint
from adapters.nats.connection import Nats
from adapters.postgres.connection import Connection, Link, PostgresError, Unavailable, life_of
from adapters.postgres.log.pages import read_facts, read_head
from adapters.settings import Settings
from adapters.tasks import cancel_and_wait
from domain.fact import Fact
from projections.engine.live import Fenced

PAGE = 16_384  # facts
PAGES = 3  # kept in memory
FIRST_POLL, SLOWEST_POLL = 0.05, 0.25  # seconds; the pause grows while nothing comes
HEAD_INTERVAL = 1.0  # seconds between two looks at how long the log is
GATHER = 0.005  # seconds after a hint, so that a burst of commits costs one look and not one each
PATIENCE = 5.0  # seconds to wait for a PostgreSQL that has gone before the failure is reported

logger = structlog.get_logger()


class LogTail:
    """
    The facts of the log from any position on; `run` wakes the readers that wait.

    Attributes:
        head: position of the newest fact, as far as this process knows.
    """

    def __init__(self, settings: Settings, messages: Nats) -> None:
        self._settings = settings
        self._messages = messages
        self._link = Link(settings, "tail", patience=PATIENCE)
        self._pages: OrderedDict[int, CachedPage] = OrderedDict()
        self._woken = asyncio.Event()
        self._grown = asyncio.Event()
        self.head = 0

    async def after(self, position: int, life: str) -> list[Fact]:
        """
        At least one fact, the first right after *position*, as the log has them in this *life*; waits for one to come.

        Raises:
            Fenced: the log is in another life by now.
        """
        while True:
            grown = self._grown
            page = self._page(position // PAGE)
            while page.until <= position and page.as_of is not grown:
                await page.fill(self._link, grown)
            if page.life != life:
                self._pages.pop(position // PAGE, None)
                if await self._link.run(_present_life) != life:
                    await self._link.close()  # after a failover it may still lead to the server before
                    raise Fenced
            elif page.until > position:
                self.head = max(self.head, page.until)
                return page.facts[position - page.base :]
            else:
                await grown.wait()

    def wake(self) -> None:
        """Wake the readers that wait: the log may have grown."""
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()

    async def run(self) -> None:
        """Wake waiting readers whenever the log may have grown, until cancelled."""
        listening = asyncio.create_task(hint.listen(self._settings, self._messages, self._woken))
        try:
            await asyncio.gather(self._wake_readers(), self._look_at_head())
        finally:
            await cancel_and_wait([listening])

    async def close(self) -> None:
        """Close the connection and forget the pages."""
        await cancel_and_wait([page.filling for page in self._pages.values() if page.filling])
        self._pages.clear()
        await self._link.close()

    async def _wake_readers(self) -> None:
        pause, head = FIRST_POLL, self.head
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._woken.wait()
                await asyncio.sleep(GATHER)
            self._woken.clear()
            self.wake()
            pause, head = (FIRST_POLL if self.head > head else min(2 * pause, SLOWEST_POLL)), self.head

    async def _look_at_head(self) -> None:
        while True:
            try:
                self.head = await self._link.run(read_head)  # also down: the log may have been restored
            except (PostgresError, Unavailable) as error:
                logger.warning("tail.log_unreachable", error=str(error))
            await asyncio.sleep(HEAD_INTERVAL)

    def _page(self, number: int) -> "CachedPage":
        page = self._pages.setdefault(number, CachedPage(number * PAGE))
        self._pages.move_to_end(number)
        if len(self._pages) > PAGES:
            self._pages.popitem(last=False)
        return page


class CachedPage:
    """
    The facts after position `base` on one page of the log, as far as they were read.

    Attributes:
        life: in which they were read.
        as_of: the tail's `grown` event of the last read; until it is set, there is nothing more to read.
        filling: the read in flight, for all readers that wait for it.
    """

    def __init__(self, base: int) -> None:
        self.base = base
        self.facts: list[Fact] = []
        self.life = ""
        self.as_of: asyncio.Event | None = None
        self.filling: asyncio.Task[None] | None = None

    @property
    def until(self) -> int:
        """Position of its last fact that was read."""
        return self.base + len(self.facts)

    async def fill(self, link: Link, grown: asyncio.Event) -> None:
        """
        Read the facts that the page lacks, or wait for the read in flight.

        A reader that is cancelled does not cancel the read: the others, and its own next call, need it.
        """
        if self.filling is None:
            self.filling = asyncio.create_task(self._read(link, grown))
        await asyncio.shield(self.filling)

    async def _read(self, link: Link, grown: asyncio.Event) -> None:
        try:
            await link.run(self._read_on)
            self.as_of = grown
        finally:
            self.filling = None

    async def _read_on(self, connection: Connection) -> None:
        """Read what is missing; all of it, where the facts that are here are of another life."""
        life = await life_of(connection)
        known = self.facts if life == self.life else []
        read = await read_facts(connection, self.base + len(known), self.base + PAGE)
        self.facts, self.life = known + read, life


async def _present_life(connection: Connection) -> str:
    await read_head(connection)  # or a connection that has ended would answer from memory
    return await life_of(connection)
