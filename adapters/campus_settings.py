"""
The settings of a campus as one process knows them: read from the log, and half a second old at the most.

A change holds everywhere within a second, whatever process it was made in; without PostgreSQL the last ones hold.
"""

import asyncio
import time

from adapters.postgres.connection import Unavailable
from adapters.postgres.log.postgres_log import PostgresLog
from domain.admin.settings import CampusSettings, settings_stream
from domain.codec import decode_event

FRESH = 0.5  # seconds for which a process trusts what it knows


class KnownSettings:
    """The settings of one campus."""

    def __init__(self, log: PostgresLog) -> None:
        self._log = log
        self._known = CampusSettings.blank(settings_stream())
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()

    async def value(self, name: str) -> str:
        """The value of a setting; raises Unavailable where it was never known and PostgreSQL is away."""
        async with self._asking:  # one look-up for all who wait
            asked_at = time.monotonic()
            if asked_at - self._asked_at > FRESH:
                try:
                    await self._ask()
                    self._asked_at = asked_at
                except Unavailable:
                    if self._asked_at == float("-inf"):
                        raise
        return self._known.value(name)

    async def _ask(self) -> None:
        """Take what is new; the log that went back begins again."""
        stream = settings_stream()
        found = await self._log.since(stream, self._known.version)
        if not found and self._known.version and not await self._log.since(stream, self._known.version - 1):
            self._known = CampusSettings.blank(stream)
            found = await self._log.since(stream, 0)
        for each in found:
            decode_event(
                each.type,
                each.schema_version,
                each.data,
                stream=stream,
                version=each.stream_version,
                occurred_at=each.occurred_at,
            ).mutate(self._known)
