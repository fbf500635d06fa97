"""
The settings of a campus as one process knows them: read from the log, and half a second old at the most.

A change holds everywhere within a second, whatever process it was made in; without PostgreSQL the last ones hold,
and so do those before a fact that this code cannot read (`campus doctor` names it).
"""

import asyncio
import time

import structlog

from adapters.postgres.connection import Unavailable
from adapters.postgres.log.postgres_log import PostgresLog
from domain.admin.settings import CampusSettings, settings_stream
from domain.codec import decode_event

FRESH = 0.5  # seconds for which a process trusts what it knows

logger = structlog.get_logger()


class KnownSettings:
    """The settings of one campus."""

    def __init__(self, log: PostgresLog) -> None:
        self._log = log
        self._known = CampusSettings.blank(settings_stream())
        self._asked_at = float("-inf")
        self._unreadable = 0  # a position
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
            try:
                event = decode_event(
                    each.type,
                    each.schema_version,
                    each.data,
                    stream=stream,
                    version=each.stream_version,
                    occurred_at=each.occurred_at,
                )
            except Exception as error:  # noqa: BLE001 - upcasters are our code, and may raise anything
                self._note_unreadable(each.position, error)
                return
            event.mutate(self._known)

    def _note_unreadable(self, position: int, error: Exception) -> None:
        """Say once that the settings stay as they were before a fact that this code cannot read."""
        if position != self._unreadable:
            self._unreadable = position
            logger.error("settings.unreadable", position=position, error=f"{type(error).__name__}: {error}")
