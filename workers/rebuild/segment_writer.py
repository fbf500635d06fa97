"""Writes the rows of a fold over the whole log, segment by segment; the checkpoint makes a segment complete."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from adapters.postgres.connection import Connection
from adapters.postgres.log.pages import mark_at
from adapters.postgres.store.generations import Generation, Generations
from adapters.postgres.store.ownership import Claim, Ownership
from adapters.postgres.store.parking import Parking
from adapters.settings import Settings
from adapters.valkey.client import Valkey
from projections.engine.bulk.fold import BulkFold
from projections.engine.live import Batch, RowRejected
from projections.engine.projection import Projection
from workers.projecting.generation_writer import claim
from workers.rebuild.catch_up import TAKE_PATIENCE, TAKE_PAUSE
from workers.rebuild.lock import RebuildError


@dataclass(frozen=True)
class SegmentJob:
    """Some segments of a generation that is being built."""

    projection: Projection
    generation: Generation
    segments: tuple[int, ...]
    skipped: frozenset[int]


class SegmentWriter:
    """Writes the rows of *fold*, up to *position*, into the generations that are being built."""

    def __init__(
        self, connection: Connection, valkey: Valkey, settings: Settings, fold: BulkFold, position: int
    ) -> None:
        self._connection = connection
        self._valkey = valkey
        self._settings = settings
        self._fold = fold
        self._position = position

    async def write(self, jobs: Sequence[SegmentJob], written: Callable[[], None]) -> None:
        """Write all segments of *jobs*; calls *written* after each."""
        for job in jobs:
            for segment in job.segments:
                await self._write_segment(job, segment)
                written()

    async def _write_segment(self, job: SegmentJob, segment: int) -> None:
        """
        Write a segment and set its checkpoint; a segment that has a checkpoint is complete and is not written.

        If the store rejects a row, the segment is left empty at position 0. Step `digest` then folds it as live facts
        are folded, which parks the key whose row was rejected.
        """
        name, number = job.projection.name, job.generation.number
        ownership = Ownership(self._connection, self._settings, name, number)
        generations = Generations(self._connection, self._valkey, self._settings, job.projection)
        store = generations.store(job.generation)
        checkpoint = await claim(store, ownership, await self._taken(ownership, job, segment))
        if checkpoint > 0:  # a later rebuild has completed it, after this one lost its lock
            await ownership.leave()
            return
        epoch = store.epochs[segment]
        parking = Parking(self._connection, name, number, job.projection.version)
        await parking.clear(segment)  # by a rebuild that was killed
        try:
            before = await store.write_segment(segment, self._fold.rows(name, segment))
        except RowRejected as refusal:
            log = structlog.get_logger()
            log.warning("rebuild.rows_refused", projection=name, segment=segment, why=str(refusal))
            await store.write_segment(segment, ())
        else:
            for poison in self._fold.poison(name, segment):
                await parking.park(poison, epoch)
            account, mark = self._fold.account(name, segment), await mark_at(self._connection, self._position)
            await store.save(Batch({}, before, self._position, {segment: account}, mark=mark))
        await ownership.leave()

    async def _taken(self, ownership: Ownership, job: SegmentJob, segment: int) -> Claim:
        """Own a segment; waits until PostgreSQL has noticed that a rebuild was killed."""
        try:
            async with asyncio.timeout(TAKE_PATIENCE):
                while not (taken := await ownership.take([segment], 1)):  # noqa: ASYNC110 - another process's lock
                    await asyncio.sleep(TAKE_PAUSE)
        except TimeoutError:
            which = f"segment {segment} of generation {job.generation.number} of {job.projection.name}"
            raise RebuildError(
                f"another process writes {which}: see `campus projections status {job.projection.name}`, and retry when"
                " it has ended"
            ) from None
        return taken[0]
