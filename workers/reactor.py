"""
The reactor: turns facts into the commands that follow from them (workers/reactions says which).

Reads     the log by position, facts of the types that cause something; woken by hints, else by its own poll.
Does      commands whose ids come from the facts: a redelivery after a crash is answered with the first answer.
Order     per learner or stream; different ones go side by side.
Active    one per campus, by an advisory lock; another takes over within 2 s.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress

import structlog
from prometheus_client import Counter

from adapters.command_bus.bus import Bus
from adapters.nats import hint
from adapters.nats.connection import Nats
from adapters.postgres.connection import Connection, PostgresError, Unavailable, connect, is_broken
from adapters.postgres.log.append import VersionConflict
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.ops import heartbeat, lease, reactors
from adapters.settings import Settings
from domain.errors import DomainError
from domain.fact import Fact
from workers.reactions import REACTIONS, Reaction
from workers.reactions.reaction import context_of, is_history

NAME = "reactor"
PAGE = 1_000  # positions
POLL_INTERVAL = 0.5  # seconds, when no hint comes
GATHER = 0.02  # seconds after a hint, so that a burst of commits costs one look and not one each
RETRY_INTERVAL = 1.0  # seconds, after PostgreSQL was lost

DONE = Counter("campus_reactions_total", "Reactions carried out, by name.", ["reaction"])
REFUSED = Counter("campus_reactions_refused_total", "Reactions that a rule refused, by name.", ["reaction"])

logger = structlog.get_logger()


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """React until *stop* is set; a lost server is waited for."""
    nats = Nats(settings, NAME)
    woken = asyncio.Event()
    listening = asyncio.create_task(hint.listen(settings, nats, woken))
    stopping = asyncio.create_task(_wake_at_stop(stop, woken))
    log = await PostgresLog.open(settings)
    log.appender.on_commit = hint.Hints(settings, nats).send
    try:
        while not stop.is_set():
            try:
                await _Reactor(settings, log, stop, woken).run()
            except* (PostgresError, Unavailable, VersionConflict) as lost:
                error = lost.exceptions[0]
                if isinstance(error, PostgresError) and not is_broken(error):
                    raise
                logger.warning("reactor.waiting", error=str(error).strip())
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), RETRY_INTERVAL)
    finally:
        listening.cancel()
        stopping.cancel()
        await log.close()
        await nats.close()


async def _wake_at_stop(stop: asyncio.Event, woken: asyncio.Event) -> None:
    await stop.wait()
    woken.set()


class _Reactor:
    """One session: from taking the lock to losing it."""

    def __init__(self, settings: Settings, log: PostgresLog, stop: asyncio.Event, woken: asyncio.Event) -> None:
        self._settings = settings
        self._log = log
        self._bus = Bus(log)
        self._stop = stop
        self._woken = woken
        self._position = 0

    async def run(self) -> None:
        async with await connect(self._settings, application=NAME) as connection:
            active, beat_at = False, 0.0
            while not self._stop.is_set():
                active = active or await self._take_over(connection)
                if time.monotonic() - beat_at >= heartbeat.HEARTBEAT_INTERVAL:
                    await heartbeat.beat(connection, NAME, active=active, position=self._position)
                    beat_at = time.monotonic()
                if active:
                    await self._catch_up(connection)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), POLL_INTERVAL)
                    await asyncio.sleep(GATHER)
                self._woken.clear()
            await heartbeat.leave(connection, NAME)

    async def _take_over(self, connection: Connection) -> bool:
        if not await lease.try_acquire(connection, self._settings, NAME):
            return False
        self._position = await reactors.position(connection, NAME)
        logger.info("reactor.active", position=self._position)
        return True

    async def _catch_up(self, connection: Connection) -> None:
        """React to everything up to the head; the position moves on when a page is done."""
        head = await self._log.head()
        while self._position < head and not self._stop.is_set():
            until = min(self._position + PAGE, head)
            await self._react(connection, await self._log.read(self._position, until - self._position, REACTIONS))
            await reactors.advance(connection, NAME, until)
            self._position = until

    async def _react(self, connection: Connection, facts: Sequence[Fact]) -> None:
        """Carry out what follows from *facts*: in order for each key, side by side for different ones."""
        by_key: defaultdict[str, list[Fact]] = defaultdict(list)
        for fact in facts:
            if not is_history(fact):
                by_key[fact.key].append(fact)
        async with asyncio.TaskGroup() as tasks:
            for of_one_key in by_key.values():
                tasks.create_task(self._react_in_order(connection, of_one_key))

    async def _react_in_order(self, connection: Connection, facts: Sequence[Fact]) -> None:
        for fact in facts:
            for reaction in REACTIONS[fact.type]:
                await self._carry_out(connection, fact, reaction)

    async def _carry_out(self, connection: Connection, fact: Fact, reaction: Reaction) -> None:
        try:
            command = reaction.command(fact)
            if command is None:
                return
            await self._bus.handle(command, context_of(fact, reaction))
        except (PostgresError, Unavailable, VersionConflict):
            raise  # not the reaction's fault: the whole page is done again
        except DomainError as error:
            await self._refused(connection, fact, reaction, error.code, error.sentence)
        except Exception as error:
            logger.exception("reactor.failed", position=fact.position, reaction=reaction.name)
            await self._refused(connection, fact, reaction, "failed", f"{type(error).__name__}: {error}")
        else:
            DONE.labels(reaction.name).inc()

    async def _refused(self, connection: Connection, fact: Fact, reaction: Reaction, code: str, sentence: str) -> None:
        REFUSED.labels(reaction.name).inc()
        await reactors.refused(connection, fact, reaction.name, code, sentence)
