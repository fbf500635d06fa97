"""
Announcements as one process knows them: a fold of their facts in memory, half a second old at the most.

There are few, and everyone reads the same ones, so they need no table: a process begins with all of them (by an index,
migration 0295) and then takes what is new. Where the log went back it begins again.
"""

import asyncio
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from adapters.postgres.connection import Unavailable
from adapters.postgres.log.announcements import announced_since
from adapters.postgres.log.postgres_log import PostgresLog
from domain.admin.announcements import TEXT, TITLE, UNTIL
from domain.fact import Fact

FRESH = 0.5  # seconds for which a process trusts what it knows


class Shown(NamedTuple):
    """An announcement; `changed_at` is when it was published, or changed last."""

    announcement_id: str
    position: int
    scope: str
    title: str
    text: str
    until: datetime | None
    published_by: str
    published_at: datetime
    changed_at: datetime
    is_withdrawn: bool = False


class KnownAnnouncements:
    """The announcements of one campus."""

    def __init__(self, log: PostgresLog) -> None:
        self._log = log
        self._by_id: dict[str, Shown] = {}
        self._position = 0
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()

    async def current(self, scopes: frozenset[str]) -> tuple[list[Shown], int]:
        """
        Those to one of these scopes that are shown now, the latest first, and the position for which that is true.

        Raises:
            Unavailable: nothing is known yet, and PostgreSQL is away.
        """
        async with self._asking:  # one look-up for all who wait
            asked_at = time.monotonic()
            if asked_at - self._asked_at > FRESH:
                try:
                    await self._ask()
                    self._asked_at = asked_at
                except Unavailable:
                    if self._asked_at == float("-inf"):
                        raise
        return list(self._shown(scopes, self._log.clock.now())), self._position

    def _shown(self, scopes: frozenset[str], now: datetime) -> Iterator[Shown]:
        for each in sorted(self._by_id.values(), key=lambda it: it.position, reverse=True):
            if each.scope in scopes and not each.is_withdrawn and (each.until is None or each.until > now):
                yield each

    async def _ask(self) -> None:
        known = self._position
        head, facts = await self._log.link.run(lambda connection: announced_since(connection, known))
        if head < known:
            self._by_id = {}
        self._position = head
        for fact in facts:
            self._apply(fact)

    def _apply(self, fact: Fact) -> None:
        name, data = fact.id("announcement_id"), fact.data
        match fact.type:
            case "announcement.published":
                at, by = fact.occurred_at, fact.meta.actor
                until = None if data[UNTIL] is None else datetime.fromisoformat(data[UNTIL])
                self._by_id[name] = Shown(
                    name, fact.position, data["scope"], data[TITLE], data[TEXT], until, by, at, at
                )
            case "announcement.changed":
                new = data["new"]
                value = datetime.fromisoformat(new) if data["field"] == UNTIL and new is not None else new
                changed: dict[str, Any] = {data["field"]: value, "changed_at": fact.occurred_at}
                self._by_id[name] = self._by_id[name]._replace(**changed)
            case _:
                self._by_id[name] = self._by_id[name]._replace(is_withdrawn=True)
