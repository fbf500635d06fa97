"""
The roles that a person has now: read from the log, so that one that was revoked holds nowhere after a second.

A read model may be late by any time, which does not matter to a list and would let a person go on who must not. So a
process asks for the person's own few facts, and trusts what it knows until it hears of others (changes.py).
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime

import structlog

from adapters.auth.changes import FRESH, AccessChanges, Known
from adapters.command_bus.replay import replayed
from adapters.postgres.connection import Unavailable
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.tasks import cancel_and_wait
from domain.roles import Grant, Roles, roles_stream

Held = Mapping[Grant, datetime | None]
"""Grants that hold, and when each ends by itself."""

logger = structlog.get_logger()


class Grants:
    """The roles of the persons of one campus, as one process sees them."""

    def __init__(self, log: PostgresLog, changes: AccessChanges) -> None:
        self._log = log
        self._changes = changes
        self._known: Known[str, Roles] = Known(changes)
        self._watched: dict[str, set[tuple[frozenset[Grant], asyncio.Event]]] = {}
        self._looking: asyncio.Task[None] | None = None

    async def of(self, learner_id: str) -> Held:
        """The grants of a person that hold now, as they were half a second ago at the most, and none past its end."""
        return (await self._roles(learner_id)).live(self._log.clock.now())

    @asynccontextmanager
    async def watch(self, learner_id: str, held: Held) -> AsyncIterator[asyncio.Event]:
        """
        An event that is set within a second after one of these grants holds no more, until the block ends.

        Who has none is not looked at: there is nothing to be lost.
        """
        lost = asyncio.Event()
        if not held:
            yield lost
            return
        watcher = frozenset(held), lost
        self._watched.setdefault(learner_id, set()).add(watcher)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_on())
        try:
            yield lost
        finally:
            watching = self._watched[learner_id]
            watching.discard(watcher)
            if not watching:
                del self._watched[learner_id]

    async def stop(self) -> None:
        """End the look at the roles behind open streams."""
        if self._looking is not None:
            await cancel_and_wait([self._looking])

    async def _roles(self, learner_id: str) -> Roles:
        await self._changes.look()
        if (known := self._known.get(learner_id)) is not None:
            return known
        number = self._changes.number
        roles = await replayed(self._log, Roles, roles_stream(learner_id))
        self._known.keep(learner_id, learner_id, number, roles)
        return roles

    async def _readable(self, learner_id: str) -> Roles | None:
        """The roles of a person; None where a fact about them cannot be read, so that none is known to hold."""
        try:
            return await self._roles(learner_id)
        except Unavailable:
            raise
        except Exception:
            logger.exception("grants.unreadable", learner_id=learner_id)
            return None

    async def _look_on(self) -> None:
        """Look at all watched persons, twice a second, as long as there are any; without PostgreSQL ends still hold."""
        latest: dict[str, Roles | None] = {}
        while self._watched:
            await asyncio.sleep(FRESH)
            persons = list(self._watched)
            with suppress(Unavailable):
                # One query for all of whom something has changed: look-ups of streams travel together.
                latest = dict(zip(persons, await asyncio.gather(*map(self._readable, persons)), strict=True))
            now = self._log.clock.now()
            for person, roles in latest.items():
                live = frozenset() if roles is None else roles.live(now).keys()
                for held, lost in self._watched.get(person, ()):
                    if not held <= live:
                        lost.set()
