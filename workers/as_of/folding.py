"""
Carries out folds for a moment, one after the other, and takes snapshots of read models while none waits.

Folds that were asked for are of whole read models, or of the parts of one number (adapters/postgres/as_of/sums.py).
One process of the campus at a time does it: the auditor that has the lock. What another one had begun is begun again.
A snapshot of each read model in PostgreSQL is taken every EVERY facts, and each night if FEWEST have come since the
last. What was not used for some days is deleted (adapters/postgres/as_of/kept.py).
"""

import asyncio
import multiprocessing
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from multiprocessing import forkserver
from multiprocessing.connection import Connection as Pipe

import structlog

from adapters.postgres.as_of import folds, kept
from adapters.postgres.as_of.folds import Fold
from adapters.postgres.as_of.sums import SumJob
from adapters.postgres.as_of.why import place_of
from adapters.postgres.connection import Connection, PostgresError
from adapters.postgres.log.pages import read_head
from adapters.postgres.ops.lease import acquire, session
from adapters.settings import Settings
from adapters.stores.registry import store_type
from domain.errors import DomainError
from projections.engine.projection import Projection
from workers.as_of.process import FoldJob, FoldMessage, work

WORK = "as of"
EVERY = 100_000  # facts from one snapshot to the next: half a second of folding, for most read models
FEWEST = 5_000  # facts since the last one that are worth a snapshot at night; fewer are folded in milliseconds
NIGHT = 3  # o'clock, UTC
PAUSE = 0.1  # seconds between two looks for a fold
LOOK_INTERVAL = 30.0  # seconds between two looks whether a snapshot is due, or too old
NOTE_INTERVAL = 0.25  # seconds between two notes of how far a fold is
RETRY_PAUSE = 1.0  # seconds after a failure
PATIENCE = 5.0  # seconds for a process to end

logger = structlog.get_logger()


class FoldFailed(Exception):
    """A fold has failed; the sentence says why."""


class Folding:
    """The folds of one process, once it has the lock."""

    def __init__(self, settings: Settings, projections: Sequence[Projection]) -> None:
        self._settings = settings
        self._by_name = {each.name: each for each in projections}
        self._regular = [each for each in projections if store_type(each).WITH_VIEWS]
        self._looked_at = 0.0

    async def run(self) -> None:
        """Fold until cancelled; begin again after a failure of the server."""
        while True:
            try:
                async with session(self._settings, WORK) as connection:
                    await acquire(connection, self._settings, WORK)
                    await folds.restart(connection)
                    while True:
                        await self._next(connection)
            except PostgresError as error:
                logger.warning("as_of.waiting", error=str(error).strip())
            await asyncio.sleep(RETRY_PAUSE)

    async def _next(self, connection: Connection) -> None:
        """Carry out the next fold, or take a snapshot that is due; wait a moment if there is neither."""
        if (fold := await folds.take(connection)) is not None:
            await self._carry_out(connection, fold)
        elif not await self._tend(connection):
            await asyncio.sleep(PAUSE)

    async def _carry_out(self, connection: Connection, fold: Fold) -> None:
        noted_at = 0.0

        async def note(done: int, total: int) -> None:
            nonlocal noted_at
            if time.monotonic() - noted_at > NOTE_INTERVAL:
                noted_at = time.monotonic()
                await folds.note(connection, fold, done, total)

        try:
            found = await in_process(self._job(fold), note)
            await folds.end(connection, fold, found=found)
        except FoldFailed as error:
            logger.warning("as_of.failed", fold=fold.id, position=fold.position, error=str(error))
            await folds.end(connection, fold, str(error))

    def _job(self, fold: Fold) -> FoldJob | SumJob:
        """What is to be done for a fold; raises FoldFailed."""
        if fold.number is None:
            projections = tuple(self._by_name[name] for name in fold.projections if name in self._by_name)
            return FoldJob(self._settings, projections, fold.position, fold.valid_at)
        try:
            place = place_of(self._by_name.values(), *fold.number)
        except DomainError as error:
            raise FoldFailed(f"the auditor runs other code than the API: {error.sentence}") from None
        return SumJob(self._settings, place, fold.position, fold.valid_at)

    async def _tend(self, connection: Connection) -> bool:
        """Take one snapshot that is due, and delete what is old; whether there was one to take."""
        if time.monotonic() - self._looked_at < LOOK_INTERVAL:
            return False
        for projection in self._regular:
            if (position := await self._due(connection, projection)) is not None:
                try:
                    await in_process(FoldJob(self._settings, (projection,), position, is_regular=True))
                except FoldFailed as error:
                    logger.warning("as_of.no_snapshot", projection=projection.name, error=str(error))
                    break
                return True
        self._looked_at = time.monotonic()
        await kept.forget_old(connection, self._regular)
        return False

    async def _due(self, connection: Connection, projection: Projection) -> int | None:
        """The position at which the next snapshot of a read model is due, if the log is there."""
        head = await read_head(connection)
        position, made_at = await kept.last_taken(connection, projection)
        following = (position // EVERY + 1) * EVERY
        if following <= head:
            return following
        is_night = made_at < last_night(datetime.now(UTC)) and head - position >= FEWEST
        return head if is_night else None


def last_night(now: datetime) -> datetime:
    """The last time that it was NIGHT o'clock."""
    tonight = now.replace(hour=NIGHT, minute=0, second=0, microsecond=0)
    return tonight if tonight <= now else tonight - timedelta(days=1)


async def _no_note(_done: int, _total: int) -> None:
    pass


def start_fork_server() -> None:
    """
    Start what the processes of folds are forked from, unless it runs, at the priority of this process.

    A process cannot take back that it gives way, so it must start before the auditor does.
    """
    multiprocessing.set_forkserver_preload([work.__module__])
    forkserver.ensure_running()


async def in_process(job: FoldJob | SumJob, note: Callable[[int, int], Awaitable[None]] = _no_note) -> bytes | None:
    """
    Do *job* in a process of its own, which ends with this call; returns what it has found of a number.

    Raises:
        FoldFailed: it has failed, or died.
    """
    start_fork_server()
    context = multiprocessing.get_context("forkserver")  # a fork of this process would share our connections
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(job, theirs, dict(os.environ)), daemon=True)
    try:
        process.start()
        theirs.close()  # else `recv` would not see that the process has ended
        return await _listen(ours, note)
    finally:
        process.kill()
        process.join(PATIENCE)
        ours.close()


async def _listen(pipe: Pipe, note: Callable[[int, int], Awaitable[None]]) -> bytes | None:
    while True:
        try:
            message: FoldMessage = await asyncio.to_thread(pipe.recv)
        except EOFError:
            raise FoldFailed("its process has died: ask again") from None
        if message.error is not None:
            raise FoldFailed(message.error)
        if message.ended:
            return message.found
        await note(message.done, message.total)
