"""
The rows of a fold over the whole log, written segment by segment; a segment is complete once its checkpoint is set.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from adapters.postgres.connection import Connection
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
    """Writes what a fold has come to into the generations that are being built."""

    def __init__(
        self, connection: Connection, valkey: Valkey, settings: Settings, fold: BulkFold, position: int
    ) -> None:
        self._connection = connection
        self._valkey = valkey
        self._settings = settings
        self._fold = fold
        self._position = position

    async def write(self, pieces: Sequence[SegmentJob], written: Callable[[], None]) -> None:
        """Write all segments of *pieces*, calling *written* after each."""
        for piece in pieces:
            for segment in piece.segments:
                await self._write_segment(piece, segment)
                written()

    async def _write_segment(self, piece: SegmentJob, segment: int) -> None:
        """
        Write a segment and set its checkpoint; one that has a checkpoint is complete, and stays as it is.

        Where the store refuses a row, somebody's key has to wait: the segment is left empty, and followed from the
        beginning as live facts are, which finds out whose key, and since which fact.
        """
        name, number = piece.projection.name, piece.generation.number
        ownership = Ownership(self._connection, self._settings, name, number)
        generations = Generations(self._connection, self._valkey, self._settings, piece.projection)
        store = generations.store(piece.generation)
        checkpoint = await claim(store, ownership, await self._taken(ownership, piece, segment))
        if checkpoint > 0:  # another rebuild has completed it, after ours has lost its turn
            await ownership.leave()
            return
        epoch = store.epochs[segment]
        parking = Parking(self._connection, name, number, piece.projection.version)
        await parking.clear(segment)  # of a rebuild that was killed
        try:
            before = await store.write_segment(segment, self._fold.rows(name, segment))
        except RowRejected as refusal:
            log = structlog.get_logger()
            log.warning("rebuild.rows_refused", projection=name, segment=segment, why=str(refusal))
            await store.write_segment(segment, ())
        else:
            for poison in self._fold.poison(name, segment):
                await parking.park(poison, epoch)
            await store.save(Batch({}, before, self._position, {segment: self._fold.account(name, segment)}))
        await ownership.leave()

    async def _taken(self, ownership: Ownership, piece: SegmentJob, segment: int) -> Claim:
        """Own a segment: a rebuild that was killed, but not yet in the eyes of the server, is waited for."""
        try:
            async with asyncio.timeout(TAKE_PATIENCE):
                while not (taken := await ownership.take([segment], 1)):  # noqa: ASYNC110 - another process's lock
                    await asyncio.sleep(TAKE_PAUSE)
        except TimeoutError:
            which = f"segment {segment} of generation {piece.generation.number} of {piece.projection.name}"
            raise RebuildError(f"somebody else works on {which}") from None
        return taken[0]
