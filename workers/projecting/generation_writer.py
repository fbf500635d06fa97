"""
Writer of one generation of a read model: its rows and parked keys, in the segments that this process owns.

The projector uses it for the live generation; a promotion uses it to catch up with the generation to promote.
"""

import time
from collections.abc import Sequence
from typing import NamedTuple

import structlog

from adapters.postgres.connection import Connection
from adapters.postgres.log.pages import mark_at, mark_of, read_head
from adapters.postgres.store import repairs
from adapters.postgres.store.generations import Generation, Generations
from adapters.postgres.store.ownership import Claim, Ownership
from adapters.postgres.store.parking import Due, Parking
from adapters.postgres.store.repairs import Repair
from adapters.postgres.store.segments import epochs, note_accounts
from adapters.settings import Settings
from adapters.stores.protocol import GenerationStore, Overtaken
from domain.fact import Fact
from projections.engine.cache import CachedStore
from projections.engine.distribution import segment_of_key
from projections.engine.live import (
    Batch,
    Exclusions,
    FactCounts,
    Fenced,
    Folded,
    OwnedSegments,
    Poison,
    RowRejected,
    fold_batch,
    poison_of,
)
from projections.engine.projection import RowKey
from workers.consistency.repair import RowRepairer

CACHED_ROWS = 3_000  # of each projection; a learner's document takes some 20 KB
RETRY_SPELL = 1.0  # seconds of trying parked keys again, of which there may be thousands, between two batches

logger = structlog.get_logger()


class SegmentRange(NamedTuple):
    """The segments with the lowest checkpoint, that checkpoint, and the next higher one if there is any."""

    segments: tuple[int, ...]
    position: int
    until: int | None

    def cut(self, facts: list[Fact]) -> list[Fact]:
        """Those of *facts*, which follow the checkpoint, that the other segments have folded already."""
        return facts if self.until is None else facts[: self.until - self.position]


class Commit(NamedTuple):
    """What one step has written: the changed rows, and the checkpoint of the segments before and after it."""

    segments: tuple[int, ...]
    before: int
    position: int
    keys: list[RowKey]


async def claim(store: GenerationStore, ownership: Ownership, taken: Claim) -> int:
    """Make this process the writer of a segment that it has taken, in a new epoch; returns the segment's checkpoint."""
    try:
        return await store.claim(*taken)
    except Overtaken as overtaken:  # but the lock is ours: PostgreSQL was restored to an earlier state
        return await store.claim(taken.segment, await ownership.raise_epoch(taken.segment, overtaken.epoch))


class GenerationWriter:
    """
    Writes one generation.

    Args:
        connection: its session holds the locks of the segments.

    Attributes:
        positions: the checkpoint of each owned segment.
        held: parked keys, and skipped facts.
        retries_left: whether requested retries of parked keys remain after the last spell.
    """

    def __init__(
        self,
        connection: Connection,
        settings: Settings,
        generations: Generations,
        generation: Generation,
    ) -> None:
        self.projection = generations.projection
        self.generation = generation
        self.positions: dict[int, int] = {}
        self.held = Exclusions()
        self.retries_left = False
        self._connection = connection
        self._rows = generations.store(generation)
        self._store = CachedStore(self._rows, CACHED_ROWS)
        self._parking = Parking(connection, self.projection.name, generation.number, self.projection.version)
        self._ownership = Ownership(connection, settings, self.projection.name, generation.number)
        self._repairing = RowRepairer(connection, self.projection, self._rows)

    async def share_fairly(self) -> list[int]:
        """Take free segments or give some up, so that all projectors own about as many; returns the new ones."""
        fair = await self._ownership.fair_share(self.generation.segments)
        await self.give_up(*self._ownership.owned[fair:])
        return await self.take(fair)

    async def give_up(self, *segments: int) -> None:
        """Release some segments for other projectors."""
        for segment in segments:
            await self._ownership.give_up(segment)
            del self.positions[segment], self._rows.epochs[segment]

    async def release_all(self) -> None:
        """Release all segments, and leave the projectors that share this generation."""
        await self._ownership.leave()
        self.positions.clear()
        self._rows.epochs.clear()

    async def take(self, most: int) -> list[int]:
        """Take segments without an owner, until this process owns *most*; returns the new ones."""
        taken = await self._ownership.take(range(self.generation.segments), most)
        for each in taken:
            self.positions[each.segment] = await self._claim(each)
        if taken:
            self._store.forget()
            if healed := await self._rows.healed():  # just before a crash
                await self._parking.forget(*healed)
            self.held = await self._parking.held()
        return [segment for segment, _ in taken]

    async def _claim(self, taken: Claim) -> int:
        """Become the writer of a segment that was taken; returns its checkpoint."""
        segment, position = taken.segment, await claim(self._rows, self._ownership, taken)
        # Look at the log after the claim: the previous owner may have written until then.
        if position > await read_head(self._connection) or await self._is_of_another_log(segment, position):
            logger.warning("projection.log_went_back", projection=self.projection.name, segment=segment, was=position)
            await self._rows.forget(segment)
            position = await self._rows.claim(segment, self._rows.epochs[segment])
        return position

    async def _is_of_another_log(self, segment: int, position: int) -> bool:
        """
        Whether the log has another fact at a checkpoint than the one that was folded there.

        A mark of another position says nothing: code without marks has written the checkpoint since.
        """
        marked, _, mark = (await self._rows.mark(segment)).partition(" ")
        return marked == str(position) and mark != await mark_at(self._connection, position)

    def next_batch_range(self) -> SegmentRange:
        """The segments with the lowest checkpoint."""
        position = min(self.positions.values())
        until = min((other for other in self.positions.values() if other > position), default=None)
        return SegmentRange(tuple(s for s, at in sorted(self.positions.items()) if at == position), position, until)

    async def step(self, segments: tuple[int, ...], facts: Sequence[Fact]) -> list[Commit]:
        """
        Fold the facts that follow the checkpoint of *segments*, and write the changed rows.

        If the store refuses a batch, its halves are written one by one, until the poison fact is alone.
        """
        share = OwnedSegments(self.generation.segments, segments)
        folded = await fold_batch(self.projection, facts, self.held, self._store, share)
        for poison in folded.poison:
            logger.error("projection.parked", key=poison.key, position=poison.position, error=poison.error)
            await self._park(poison)
        try:
            return [await self._save(folded, segments, facts[-1])]
        except RowRejected as refusal:
            if len(facts) > 1:
                middle = len(facts) // 2
                written = await self.step(segments, facts[:middle])
                return written + await self.step(segments, facts[middle:])
            return [await self._park_refused(folded, segments, facts[0], refusal)]

    async def _park(self, poison: Poison) -> None:
        await self._parking.park(poison, self._rows.epochs[poison.segment])
        self.held.park(poison)

    async def _save(self, folded: Folded, segments: tuple[int, ...], last: Fact) -> Commit:
        before, after = self.positions[segments[0]], last.position
        mark = f"{after} {mark_of(last.recorded_at)}"
        await self._store.save(Batch(folded.rows, before, after, folded.accounts, mark=mark))
        self.positions.update(dict.fromkeys(segments, after))
        return Commit(segments, before, after, [key for rows in folded.rows.values() for key in rows.changed])

    async def _park_refused(
        self, folded: Folded, segments: tuple[int, ...], fact: Fact, refusal: RowRejected
    ) -> Commit:
        """Park the key of a fact whose rows the store refuses."""
        before = self.positions[segments[0]]
        blank = {segment: FactCounts() for segment in segments}
        await self._store.save(Batch({}, before, before, blank))  # raises if the fact is not the cause
        for segment in [segment for segment, rows in folded.rows.items() if rows.changed]:
            poison = poison_of(fact, refusal, segment)
            await self._park(poison)
            account = folded.accounts[segment]
            account.applied, account.parked = 0, account.applied
        return await self._save(folded._replace(rows={}), segments, fact)

    async def check(self) -> None:
        """Raise Fenced if a checkpoint was changed or rows were lost, or another process has owned a segment since."""
        if not await self._rows.is_published():
            raise Fenced
        found = await self._rows.positions()
        now = await epochs(self._connection, self.projection.name, self.generation.number)
        for segment, position in self.positions.items():
            if (found.get(segment), now.get(segment)) != (position, self._rows.epochs[segment]):
                raise Fenced

    async def request_retries(self, segments: Sequence[int]) -> None:
        """Request a retry of the keys parked in these segments: newer code may fold them."""
        await self._parking.request(segments)

    async def retry_due(self) -> list[Commit]:
        """Retry requested parked keys for RETRY_SPELL seconds; sets `retries_left` if some remain."""
        self.retries_left = False
        if not self.held.waiting:
            return []
        due = await self._parking.due(list(self.positions))
        if due:
            self.held = await self._parking.held()
        done, until = [], time.monotonic() + RETRY_SPELL
        for tried, each in enumerate(due):
            if tried and time.monotonic() > until:
                self.retries_left = True
                break
            if (written := await self._retry(each)) is not None:
                done.append(written)
        return done

    async def _retry(self, due: Due) -> Commit | None:
        """
        Fold the facts of a parked key up to the checkpoint; if none fails, the key is no longer parked.

        A reference stream goes on waiting: rows of other keys were folded without its facts, and stay wrong.
        """
        if due.needs_rebuild:
            await self._parking.leave(due)
            return None
        position, place = self.positions[due.segment], (due.segment, due.key)
        facts = [
            fact
            for fact in await self._parking.history(due.key)
            if due.first_position <= fact.position <= position and fact.type in self.projection.handlers
        ]
        others = {key: first for key, first in self.held.waiting.items() if key != place}
        held, share = Exclusions(others, self.held.skipped), OwnedSegments(self.generation.segments, (due.segment,))
        folded = await fold_batch(self.projection, facts, held, self._store, share)
        if folded.poison:
            await self._parking.failed_again(due, folded.poison[0])
            return None
        account = folded.accounts[due.segment]
        account.parked = -account.applied - account.skipped
        try:
            await self._store.save(Batch(folded.rows, position, position, folded.accounts, due.id))
        except RowRejected as refusal:
            await self._parking.failed_again(due, poison_of(facts[0], refusal))
            return None
        await self._parking.forget(due.id)
        self.held.waiting.pop(place, None)
        logger.info("projection.healed", projection=self.projection.name, key=due.key, facts=len(facts))
        return Commit((due.segment,), position, position, list(folded.rows[due.segment].changed))

    async def repair_due(self) -> list[Commit]:
        """Repair the rows of the keys that operators have asked for."""
        found = await repairs.due(self._connection, self.projection.name, self.generation.number)
        return [await self._repair(each, segment) for each in found if (segment := self._home(each)) in self.positions]

    def _home(self, repair: Repair) -> int:
        return segment_of_key(repair.key, self.generation.segments)

    async def _repair(self, repair: Repair, segment: int) -> Commit:
        position = self.positions[segment]
        self._store.forget()  # or cached rows would overwrite the repaired ones
        remedy = await self._repairing.remedy(repair, segment, position, self.held)
        try:
            await self._store.save(remedy.batch)
        except RowRejected as refusal:
            await repairs.note_done(self._connection, repair, f"refused: {refusal}", made=False)
            return Commit((segment,), position, position, [])
        await repairs.note_done(self._connection, repair, remedy.outcome, made=True)
        logger.info("projection.repaired", projection=self.projection.name, key=repair.key, outcome=remedy.outcome)
        return Commit((segment,), position, position, remedy.keys)

    async def publish_counts(self) -> None:
        """Copy checkpoints and counts that are stored elsewhere to PostgreSQL, for status and doctor."""
        found = await self._rows.own_counts() if self.positions else {}
        counts = {segment: found[segment] for segment in self.positions if segment in found}
        if counts:
            place = self.projection.name, self.generation.number
            await note_accounts(self._connection, *place, counts, self._rows.epochs)
