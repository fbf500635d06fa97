"""
The tail of the log in memory: new facts as they come, shared by all who follow the log in one process.

Facts come by message from JetStream and extend a window without gaps. A message that does not continue the window (a
gap, a repeat, an old one) is no matter: what is missing is read from the log by position. The log is also asked every
second, and more often while messages do not come; when facts come so fast that a message for each costs more than it
is worth, the tail lets the messages go and reads pages. Readers who are behind the window read pages of the log, each
page read and decoded once for all of them.
"""

import asyncio
import contextlib
import time
from collections import OrderedDict
from functools import partial

import msgspec
import structlog

from adapters.nats.connection import JetStreamContext, JetStreamError, Msg, Nats, NatsError
from adapters.nats.message import decode_fact
from adapters.nats.stream import position_of, subscribe
from adapters.postgres.connection import Link, PostgresError, Unavailable
from adapters.postgres.log.pages import read_facts, read_head
from adapters.settings import Settings
from domain.fact import Fact

WINDOW = 10_000  # facts kept for those who are not quite up to date
PAGE = 16_384  # facts in a page for those who are further behind
PAGES = 3  # kept in memory
CHECK_INTERVAL = 1.0  # seconds between two looks at the log while messages come
POLL_INTERVAL = 0.05  # seconds between two looks at the log while no messages come
WANTED_FOR = 3.0  # seconds after the last reader of the window; then it is not filled until one comes
GRACE = 0.05  # seconds that a message may take longer than a look at the log
POLL_ABOVE = 3_000  # facts a second; above, pages are cheaper than messages
SUBSCRIBE_BELOW = 1_500  # facts a second; below, messages are welcome again
PATIENCE = 5.0  # seconds to wait for a PostgreSQL that has gone before the failure is reported


class LogTail:
    """The newest facts of a log, and the way to all others. `run` keeps it up to date."""

    def __init__(self, settings: Settings, messages: Nats) -> None:
        self._settings = settings
        self._messages = messages
        self._link = Link(settings, "tail", patience=PATIENCE)
        self._backlog = PageCache(settings)
        self._window = Window(0)
        self._early: list[Msg] = []
        self._missed = asyncio.Event()
        self._ready = asyncio.Event()
        self._rate = GrowthRate()
        self._subscription: JetStreamContext.PushSubscription | None = None
        self._subscribe_at = 0.0
        self._wanted_at = 0.0
        self.log_head = 0

    @property
    def head(self) -> int:
        """Position of the newest fact that readers can have."""
        return max(self._window.head, self.log_head)

    @property
    def hears_messages(self) -> bool:
        """Whether facts come by message at present."""
        return self._subscription is not None

    async def after(self, position: int, limit: int = PAGE) -> list[Fact]:
        """At least one fact, at most *limit*, from right behind *position*; waits for one to come."""
        await self._ready.wait()
        while position >= self._window.base:
            self._wanted_at = time.monotonic()
            grown = self._window.grown
            facts = self._window.after(position, limit)
            if facts:
                return facts
            await grown.wait()
        return (await self._backlog.after(position))[:limit]

    async def run(self) -> None:
        """Keep the window up to date until cancelled."""
        log = structlog.get_logger()
        while True:
            try:
                await self._look()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(CHECK_INTERVAL if self.hears_messages else POLL_INTERVAL):
                        await self._missed.wait()
            except (PostgresError, Unavailable) as error:
                log.warning("tail.log_unreachable", error=str(error))
                await asyncio.sleep(CHECK_INTERVAL)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._unsubscribe()
        await self._link.close()
        await self._backlog.close()

    async def _look(self) -> None:
        """Ask the log how far it is, fetch what did not come by message, and choose how to go on."""
        missed = self._missed.is_set()
        self._missed.clear()
        self.log_head = head = await self._link.run(read_head)
        if not self._ready.is_set():
            self._window.restart(head)
            self._ready.set()
        if self.hears_messages and head > self._window.head and not missed:
            await asyncio.sleep(GRACE)
            if head > self._window.head:
                await self._unsubscribe()  # it should have come by message; begin anew
        await self._fill(head)
        self._rate.saw(head)
        if self.hears_messages and self._rate.per_second > POLL_ABOVE:
            await self._unsubscribe()
        elif not self.hears_messages and self._rate.per_second < SUBSCRIBE_BELOW:
            await self._subscribe()

    async def _fill(self, head: int) -> None:
        """Extend the window up to *head* from the log; begin it anew where that would be too much."""
        unwanted = time.monotonic() - self._wanted_at > WANTED_FOR  # everybody is behind, and reads pages
        if unwanted or head - self._window.head > WINDOW:
            self._window.restart(head)
        while head > self._window.head:  # which messages may extend, too
            facts = await self._link.run(partial(read_facts, after=self._window.head, until=head))
            self._window.extend([fact for fact in facts if fact.position > self._window.head])
        early, self._early = self._early, []
        for message in early:
            if position_of(message) == self._window.head + 1:
                await self._heard(message)

    async def _heard(self, message: Msg) -> None:
        """Take the next fact out of its message; one that comes too early waits for those in between."""
        position = position_of(message)
        if position == self._window.head + 1:
            try:
                self._window.extend([decode_fact(message.data)])
            except (msgspec.MsgspecError, ValueError):  # not what it says it is: the log knows
                self._missed.set()
        elif position > self._window.head:
            self._early.append(message)
            self._missed.set()

    async def _subscribe(self) -> None:
        client = self._messages.client
        if client is None or time.monotonic() < self._subscribe_at:
            return
        try:
            self._subscription = await subscribe(client, self._settings, self._heard)
        except (NatsError, JetStreamError):
            self._subscribe_at = time.monotonic() + CHECK_INTERVAL

    async def _unsubscribe(self) -> None:
        subscription, self._subscription = self._subscription, None
        self._subscribe_at = time.monotonic() + CHECK_INTERVAL
        if subscription is not None:
            with contextlib.suppress(NatsError):  # if the connection is gone, so is the subscription
                await subscription.unsubscribe()


class Window:
    """
    Facts without gaps, from right behind `base` up to `head`.

    Attributes:
        grown: set, and replaced by a new one, whenever facts have come.
    """

    def __init__(self, base: int) -> None:
        self.grown = asyncio.Event()
        self.restart(base)

    @property
    def head(self) -> int:
        """Position of the newest fact."""
        return self.base + len(self._facts)

    def after(self, position: int, limit: int) -> list[Fact]:
        """Facts from right behind *position*, which is not before the base."""
        start = position - self.base
        return self._facts[start : start + limit]

    def extend(self, facts: list[Fact]) -> None:
        """Add the facts that follow; the oldest go when there are too many."""
        if facts and facts[0].position != self.head + 1:
            raise ValueError(f"fact {facts[0].position} does not follow {self.head}")
        self._facts += facts
        if len(self._facts) > 2 * WINDOW:
            self.base += len(self._facts) - WINDOW
            del self._facts[:-WINDOW]
        self._tell()

    def restart(self, base: int) -> None:
        """Begin anew behind *base*; readers who are not so far read pages."""
        self.base = base
        self._facts: list[Fact] = []
        self._tell()

    def _tell(self) -> None:
        grown, self.grown = self.grown, asyncio.Event()
        grown.set()


class PageCache:
    """Pages of the log, each read and decoded once for all who pass over it at about the same time."""

    def __init__(self, settings: Settings) -> None:
        self._link = Link(settings, "backlog", patience=PATIENCE)
        self._pages: OrderedDict[int, list[Fact]] = OrderedDict()
        self._reading = asyncio.Lock()

    async def after(self, position: int) -> list[Fact]:
        """The facts behind *position* on the page on which they are."""
        number = position // PAGE
        async with self._reading:
            page = self._pages.get(number)
            if page is None or len(page) <= position - number * PAGE:
                page = await self._link.run(
                    lambda connection: read_facts(connection, number * PAGE, (number + 1) * PAGE)
                )
            self._pages[number] = page
            self._pages.move_to_end(number)
            if len(self._pages) > PAGES:
                self._pages.popitem(last=False)
        return page[position - number * PAGE :]

    async def close(self) -> None:
        """Close the connection and forget the pages."""
        self._pages.clear()
        await self._link.close()


class GrowthRate:
    """How fast the log grows, over about a second."""

    def __init__(self) -> None:
        self.per_second = 0.0
        self._head = 0
        self._at = 0.0

    def saw(self, head: int) -> None:
        """Note how far the log is now."""
        now = time.monotonic()
        if not self._at:
            self._head, self._at = head, now
        elif now - self._at >= CHECK_INTERVAL:
            self.per_second = (head - self._head) / (now - self._at)
            self._head, self._at = head, now
