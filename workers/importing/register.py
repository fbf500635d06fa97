"""
An import while it runs, as facts of the log: that it has begun and ended, with which file, and who has brought it.

An import that is killed cannot say so: the next one of the same source does, and says which one it continues.
"""

import asyncio
import dataclasses
from collections.abc import Collection
from typing import Any

import msgspec
import structlog

from adapters.command_bus.bus import Bus
from adapters.command_bus.replay import replayed
from adapters.postgres.connection import Connection
from adapters.postgres.log.imports import numbers_of
from adapters.postgres.log.postgres_log import PostgresLog
from commands.admin import BeginImport, FinishImport, InterruptImport
from commands.log import Context
from domain.admin import Import, ImportedFile, ImportedRows, import_stream

FOUND = "found without an end by import {number}"
STOPPED = "stopped by its user"
LONGEST_REASON = 300  # characters
DEADLINE = 5.0  # seconds to note that an import was interrupted, while the user waits
MOST_EARLIER = 100  # imports that are looked through for the one that is continued

logger = structlog.get_logger()


class Register:
    """
    The facts about one import.

    Args:
        context: who imports; its time is not used.

    Attributes:
        number: of the import, 0 before it has begun.
    """

    def __init__(self, log: PostgresLog, source: str, context: Context, life: str) -> None:
        self.number = 0
        self._log = log
        self._bus = Bus(log)
        self._source = source
        self._context = dataclasses.replace(context, life=life)

    async def begin(self, connection: Connection, what: ImportedFile, begun: Collection[str]) -> None:
        """
        Note that the import begins, and that the one before it was interrupted if that has no end.

        Args:
            what: without the number of the import that it continues.
            begun: the parts of it of which the log has some facts.

        Raises:
            ImportBegan: another import has begun meanwhile.
        """
        numbers = await numbers_of(connection, self._source, MOST_EARLIER)
        number = max(numbers, default=0) + 1
        earlier = {each: await self._import(each) for each in (numbers if begun else numbers[:1])}
        for each, before in earlier.items():
            if not before.has_ended:
                await self._do(InterruptImport(self._source, each, FOUND.format(number=number)))
        continued = (each for each, before in earlier.items() if not before.is_whole and before.parts & set(begun))
        what = msgspec.structs.replace(what, continues=next(continued, None))
        await self._do(BeginImport(self._source, number, what))
        self.number = number

    async def finish(
        self, rows: list[ImportedRows], appended: int, found: int, irregular_by_rule: dict[str, int]
    ) -> None:
        """Note that the import is complete."""
        await self._do(FinishImport(self._source, self.number, rows, appended, found, irregular_by_rule))

    async def interrupt(self, error: BaseException) -> None:
        """Note why the import ends before its time, if the log can be reached; the next import does it otherwise."""
        reason = STOPPED if isinstance(error, asyncio.CancelledError) else f"{type(error).__name__}: {error}"
        try:
            async with asyncio.timeout(DEADLINE):
                await self._do(InterruptImport(self._source, self.number, reason[:LONGEST_REASON]))
        except Exception as failure:  # noqa: BLE001 - the import has failed already, for a reason of its own
            logger.warning("import.end_not_noted", number=self.number, reason=reason, error=str(failure))

    async def _import(self, number: int) -> Import:
        return await replayed(self._log, Import, import_stream(self._source, number))

    async def _do(self, command: Any) -> None:
        await self._bus.handle(command, dataclasses.replace(self._context, at=self._log.clock.now()))
