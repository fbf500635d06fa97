"""
What a rebuild at a command line leaves in the log: who has asked for it, why, and what has become of it.

The facts are those of a job that was asked for over HTTP, in the name of who works at the machine. Only the process
that holds the locks of the read models writes them, so a request that it finds without an end, and that no projector
has, is that of a process which has died.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import uuid_utils

from adapters.command_bus.in_transaction import carry_out
from adapters.postgres.connection import Connection, PostgresError
from adapters.postgres.log.append import VersionConflict
from adapters.postgres.store import projection_jobs as table
from adapters.settings import Settings
from commands.admin.read_models import RecordBuild, RecordJobFailure, RequestRebuild, StopProjectionJob
from domain.admin import UNSPECIFIED
from domain.admin.read_models import ReadModelBusy
from domain.errors import DomainError
from workers.rebuild.lock import RebuildError
from workers.rebuild.promotion import By
from workers.rebuild.report import BuildResult, build_of

TRIES = 5  # of an append about a read model, while others append about it
DIED = "the process at the command line has died"
STOPPED = "stopped at the command line"


class Rebuilding:
    """What is recorded of one rebuild of some read models."""

    def __init__(self, connection: Connection, settings: Settings, by: By) -> None:
        self._connection = connection
        self._settings = settings
        self._by = by
        self._jobs: dict[str, str] = {}  # by read model: what is under way

    async def begin(self, projection: str, *, from_scratch: bool) -> None:
        """
        Record that a read model is to be rebuilt.

        Raises:
            RebuildError: a job of a projector is under way.
        """
        job_id = uuid_utils.uuid7().hex
        command = RequestRebuild(projection, job_id, from_scratch, self._by.reason or UNSPECIFIED)
        try:
            await self._record(command)
        except ReadModelBusy as busy:
            left = str(busy.facts["job_id"])
            if await table.progress(self._connection, left) is not None:
                raise RebuildError(busy.sentence) from None
            await self._record(RecordJobFailure(projection, left, DIED))
            await self._record(command)
        self._jobs[projection] = job_id

    async def finish(self, built: Sequence[BuildResult]) -> None:
        """Record what was built."""
        for each in built:
            await self._record(RecordBuild(each.projection, self._jobs.pop(each.projection), build_of(each)))

    async def fail(self, cause: str) -> None:
        """Record that what is under way has failed."""
        while self._jobs:
            await self._record(RecordJobFailure(*self._jobs.popitem(), cause))

    async def stop(self) -> None:
        """Record that what is under way was stopped."""
        while self._jobs:
            await self._record(StopProjectionJob(*self._jobs.popitem(), STOPPED))

    async def _record(self, command: Any) -> None:
        for left in reversed(range(TRIES)):
            context = replace(self._by.context, at=self._settings.clock().now())
            try:
                async with self._connection.transaction():
                    await carry_out(self._connection, command, context, self._settings.clock())
                return
            except VersionConflict:
                if not left:
                    raise


@asynccontextmanager
async def recorded(
    connection: Connection, settings: Settings, projections: Sequence[str], by: By, *, from_scratch: bool
) -> AsyncIterator[Rebuilding]:
    """
    Have a rebuild in the log, which ends with `finish`, or with what the block raises.

    Raises:
        RebuildError: a job of a projector is under way for one of the read models.
    """
    rebuilding = Rebuilding(connection, settings, by)
    try:
        for name in projections:
            await rebuilding.begin(name, from_scratch=from_scratch)
        yield rebuilding
    except asyncio.CancelledError:
        with suppress(PostgresError, VersionConflict, DomainError):
            await rebuilding.stop()
        raise
    except Exception as error:
        with suppress(PostgresError, VersionConflict, DomainError):  # the next rebuild says that this one has failed
            await rebuilding.fail(str(error).strip() or type(error).__name__)
        raise
