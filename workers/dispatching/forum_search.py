"""
Keeps the index by which posts of the forum are found, within the dispatcher; one process of a campus at a time.

Reads     the log by position, facts of posts, texts and erasures; woken by hints, else by its own poll.
Writes    the index (adapters/postgres/forum_search/index.py), which it makes again when the rules, the key or the log
          are others.
Without a master key there is no key to make it with, and no index.
"""

import asyncio

import structlog

from adapters.nats.connection import Nats
from adapters.personal.key_service import AccountsClosed
from adapters.postgres.connection import Connection, PostgresError, Unavailable
from adapters.postgres.forum_search.index import PURPOSE, TYPES, ForumIndex
from adapters.postgres.forum_search.tokens import Tokens
from adapters.postgres.log.decoding import readable
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.ops import lease
from adapters.settings import Settings
from workers.support.wake import can_pass, pause_before_retry, wait_for_facts, woken_by_hints

NAME = "forum_search"
PAGE = 1_000  # positions
GATHER = 0.1  # seconds after a hint, so that a burst of posts is one page

logger = structlog.get_logger()


async def keep_indexing(settings: Settings, log: PostgresLog, stop: asyncio.Event) -> None:
    """Index until *stop* is set, or stand by while another process does; a lost PostgreSQL is waited for."""
    nats = Nats(settings, NAME)
    try:
        async with woken_by_hints(settings, nats, stop) as woken:
            while not stop.is_set():
                try:
                    await _session(settings, log, stop, woken)
                except (PostgresError, Unavailable) as error:
                    if not can_pass(error):
                        raise
                    logger.warning("forum_search.waiting", error=str(error).strip())
                    await pause_before_retry(stop)
    finally:
        await nats.close()


async def _session(settings: Settings, log: PostgresLog, stop: asyncio.Event, woken: asyncio.Event) -> None:
    # What a crash of PostgreSQL takes back is indexed again: rows and position are lost together.
    async with lease.session(settings, NAME, synchronous_commit="off") as connection:
        while not stop.is_set() and not await lease.try_acquire(connection, settings, NAME):
            await pause_before_retry(stop)
        if stop.is_set():
            return
        following = await begin(log, connection)
        if following is None:
            logger.warning("forum_search.closed", reason="there is no master key")
            await stop.wait()
            return
        while not stop.is_set():
            if not await following.step():
                await wait_for_facts(woken, gather=GATHER)


async def begin(log: PostgresLog, connection: Connection) -> "Following | None":
    """Go on where the index is; None without a master key. *connection* has the lock."""
    try:
        tokens = Tokens(await log.keys.of_campus(PURPOSE))
    except AccountsClosed:
        return None
    index = ForumIndex(connection, log.keys, tokens)
    return Following(log, index, await index.position(await log.life(), await log.head()))


class Following:
    """Follows the log from a position."""

    def __init__(self, log: PostgresLog, index: ForumIndex, position: int) -> None:
        self._log = log
        self._index = index
        self.position = position

    async def step(self) -> bool:
        """Index one page, and look after some words that posts have lost; whether there is more to do at once."""
        head = await self._log.head()
        if self.position < head:
            until = min(self.position + PAGE, head)
            facts = await self._log.read(self.position, until - self.position, TYPES)
            await self._index.take(readable(facts), until)
            self.position = until
        has_words = await self._index.clean() > 0
        return self.position < head or has_words
