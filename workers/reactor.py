"""
The reactor: turns facts into the commands that follow from them (workers/reactions says which).

Reads     the log by position, facts of the types that cause something; woken by hints, else by its own poll.
Does      commands whose ids come from the facts: a redelivery after a crash is answered with the first answer.
Writes    failed_reactions, what was refused or has failed (workers/reacting/attempts.py), and tries it again.
Order     per learner or stream, tries of failed reactions included; different ones go side by side.
Active    one per campus, by an advisory lock; another takes over within 2 s, or within 10 s if the active one hangs.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence

import structlog

from adapters.nats import hint
from adapters.nats.connection import Nats
from adapters.postgres.connection import Connection, PostgresError, Unavailable, life_of
from adapters.postgres.log.append import VersionConflict
from adapters.postgres.log.decoding import must_be_of_this_release
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.ops import failed_reactions, heartbeat, lease, reactors
from adapters.postgres.ops.failed_reactions import FailedReaction
from adapters.postgres.store.deciding_rules import note_deciding
from adapters.settings import Settings
from domain.fact import Fact
from workers.reacting import metrics
from workers.reacting.attempts import Attempts
from workers.reacting.code_version import code_version
from workers.reactions import REACTIONS
from workers.reactions.reaction import is_history
from workers.support.wake import can_pass, first_of, pause_before_retry, wait_for_facts, woken_by_hints

NAME = "reactor"
PAGE = 1_000  # positions
RETRIES = 200  # failed reactions that are tried again between two pages

logger = structlog.get_logger()


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """React until *stop* is set; wait for servers that are away."""
    nats = Nats(settings, NAME)
    log = await PostgresLog.open(settings)
    log.appender.on_commit = hint.Hints(settings, nats).send
    trouble = ""
    try:
        async with woken_by_hints(settings, nats, stop) as woken:
            while not stop.is_set():
                reactor = _Reactor(settings, log, stop, woken, trouble)
                try:
                    await reactor.run()
                except* (PostgresError, Unavailable, VersionConflict) as lost:
                    error = first_of(lost)
                    if not can_pass(error):
                        raise
                    trouble = heartbeat.sentence_of(error)
                    logger.warning("reactor.waiting", error=str(error).strip())
                    await pause_before_retry(stop)
    finally:
        await log.close()
        await nats.close()


class _Reactor:
    """One session, from acquiring the lock to losing it; *trouble* is how the one before it has ended."""

    def __init__(
        self, settings: Settings, log: PostgresLog, stop: asyncio.Event, woken: asyncio.Event, trouble: str
    ) -> None:
        self._settings = settings
        self._log = log
        self._stop = stop
        self._woken = woken
        self._trouble = trouble
        self._beat_at = 0.0
        self._position = 0
        self._attempts: Attempts | None = None

    async def run(self) -> None:
        # What a crash of PostgreSQL takes back is done again, with the same command ids.
        async with lease.session(self._settings, NAME, synchronous_commit="off") as connection:
            while not self._stop.is_set():
                self._attempts = self._attempts or await self._take_over(connection)
                await self._beat(connection)
                if self._attempts:
                    await self._catch_up(connection, self._attempts)
                self._trouble = ""
                await wait_for_facts(self._woken)
            await heartbeat.leave(connection, NAME)

    async def _beat(self, connection: Connection) -> None:
        """Give a sign of life if one is due."""
        if time.monotonic() - self._beat_at < heartbeat.HEARTBEAT_INTERVAL:
            return
        active = self._attempts is not None
        metrics.show_waiting(await failed_reactions.waiting(connection) if active else ())
        state = heartbeat.WorkerState(active, self._position, self._trouble)
        await heartbeat.beat(connection, NAME, state, metrics.REGISTRY)
        self._beat_at = time.monotonic()

    async def _take_over(self, connection: Connection) -> Attempts | None:
        if not await lease.try_acquire(connection, self._settings, NAME):
            return None
        position, head = await reactors.position(connection, NAME), await self._log.head()
        if position > head:  # the log was restored, the reactor's position was not: what was reacted to changes nothing
            logger.warning("reactor.ahead_of_log", position=position, head=head)
        self._position = position if position <= head else 0
        await failed_reactions.deployed(connection, code_version())
        await note_deciding(connection, NAME)
        logger.info("reactor.active", position=self._position)
        known = await failed_reactions.after(connection, self._position)
        return Attempts(self._log, connection, known, await life_of(connection))

    async def _catch_up(self, connection: Connection, attempts: Attempts) -> None:
        """React to everything up to the head, and try again what is due; the position moves on when a page is done."""
        more = True
        while more and not self._stop.is_set():
            after, head = self._position, await self._log.head()
            until = max(after, min(after + PAGE, head))
            facts_came = until > after
            facts = await self._log.read(after, until - after, REACTIONS) if facts_came else []
            must_be_of_this_release(facts)
            due: list[FailedReaction] = []
            if await failed_reactions.any_waits(connection):
                if facts_came:
                    await failed_reactions.lift(connection, after, until)
                due = await failed_reactions.due(connection, after, RETRIES)
            await _react(attempts, due, facts)
            if facts_came:
                await reactors.advance(connection, NAME, until)
                self._position = until
            await self._beat(connection)
            more = bool(due) or bool(facts) or until < head  # what was done may have effects of its own


async def _react(attempts: Attempts, due: Sequence[FailedReaction], facts: Sequence[Fact]) -> None:
    """Try again what is *due* and react to *facts*: in order for each key, side by side for different ones."""
    by_key: defaultdict[str, list[FailedReaction | Fact]] = defaultdict(list)
    for failed in due:
        by_key[failed.key].append(failed)
    for fact in facts:
        if not is_history(fact):
            by_key[fact.key].append(fact)
    async with asyncio.TaskGroup() as tasks:
        for of_one_key in by_key.values():
            tasks.create_task(_react_in_order(attempts, of_one_key))


async def _react_in_order(attempts: Attempts, causes: Sequence[FailedReaction | Fact]) -> None:
    for cause in causes:
        if isinstance(cause, FailedReaction):
            await attempts.again(cause)
            continue
        for reaction in REACTIONS[cause.type]:
            await attempts.first(cause, reaction)
