"""
Two versions of a read model side by side, at the same position: what a promotion would change, and what if the rule
were another.

The rows of the old version are read first, those of each segment at its checkpoint. The other generation is then
brought to the same checkpoints, segment by segment; a segment that is ahead of its checkpoint is folded again, in
memory. Nothing that readers see is touched.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from adapters.postgres.bulk.page_reader import PageReader
from adapters.postgres.connection import Connection
from adapters.postgres.log.pages import read_facts
from adapters.postgres.store.generations import Generation, Generations, generations, numbered
from adapters.postgres.store.parking import held
from adapters.settings import Settings
from adapters.spill import SqliteDatabase
from adapters.stores.fresh_fold import WhatIf, compare_folds, fresh_fold
from adapters.valkey.client import Valkey
from projections.engine.bulk.fresh import FoldTarget
from projections.engine.diff.compare import ComparedRow, Comparison, Diff
from projections.engine.diff.lineage import TouchingFacts
from projections.engine.diff.report import RowDiff
from projections.engine.live import ChangedKey, Exclusions, Poison, RowRejected
from projections.engine.projection import Projection, RowKey
from workers.rebuild.catch_up import PAGE, take_over
from workers.rebuild.lineage import RowLineage
from workers.rebuild.lock import RebuildError, rebuild_lock
from workers.rebuild.selection import default_candidate, live_generation
from workers.rebuild.versions import ComparedVersion, StoredRows
from workers.support.progress import ProgressReporter, no_progress
from workers.support.session import open_session
from workers.support.threads import run_in_daemon_thread

ATTEMPTS = 50  # to find all segments at one position
PAUSE = 0.1  # seconds between them
ENOUGH = 1_000  # keys at which a rule that is tried fails: no more are looked for
NOT_ALL = "; not all differences are the code's"
SOME_ON_ONE_SIDE = "what is served is at several positions, and some facts are on one side only"


@dataclass
class Compared:
    """
    Two versions of a read model.

    Attributes:
        diff: how they differ.
        poison: as of `WhatIf`; where they are ENOUGH, the fold has ended there.
        remark: a sentence where the versions are not at the same position, or one is not what is stored; else empty.
    """

    settings: Settings
    projection: Projection
    old: ComparedVersion
    new: ComparedVersion
    diff: Diff
    poison: Sequence[Poison]
    remark: str

    async def events(
        self, rows: Sequence[RowDiff], progress: ProgressReporter = no_progress
    ) -> dict[int, TouchingFacts]:
        """The facts that touch some of the rows that differ, by the number of the row."""
        return await RowLineage(self.settings, self.projection, max(self.old.position, self.new.position)).facts_for(
            rows, progress
        )


@asynccontextmanager
async def diff(
    settings: Settings,
    projection: Projection,
    *,
    old: int | None = None,
    new: int | None = None,
    progress: ProgressReporter = no_progress,
) -> AsyncIterator[Compared]:
    """
    Compare two generations of a read model; the result is there as long as the context lasts.

    Args:
        old: number of a generation; that which is served when left out.
        new: number of a generation; the newest one that is ready and of this code when left out.

    Raises:
        RebuildError: there is no such generation, or another process builds or switches this read model.
    """
    async with (
        open_session(settings, projection.name, "diff") as (connection, valkey),
        rebuild_lock(connection, settings, [projection.name], "diff"),
    ):
        comparing = VersionComparer(connection, valkey, settings, projection, progress)
        chosen = await comparing.numbered(old), await comparing.numbered(new, default=default_candidate)
        old_tables, new_tables = [await comparing.stored.tables(each) for each in chosen]
        with Comparison(old_tables, new_tables, SqliteDatabase()) as comparison:
            before = await comparing.spool(chosen[0], comparison.add_old)
            after, found, remark = await comparing.bring(chosen[1], before, comparison)
            remarks = [remark, _fails(found.poison), *[await comparing.parked(each) for each in chosen]]
            yield Compared(settings, projection, before, after, *found, "; ".join(filter(None, remarks)))


@asynccontextmanager
async def what_if(
    settings: Settings, mine: Projection, compare_with: Projection, progress: ProgressReporter = no_progress
) -> AsyncIterator[Compared]:
    """
    Compare what is served of a read model with what another rule would make of the same facts; touches nothing.

    Tables are matched by their names. Facts of parked keys and skipped facts are left out.

    Args:
        mine: the other rule, such as `campuslog.load_projection` finds it in a file, prepared.

    Raises:
        RebuildError: the read model does not exist yet.
    """
    async with open_session(settings, compare_with.name, "what if") as (connection, valkey):
        comparing = VersionComparer(connection, valkey, settings, compare_with, progress)
        served = await comparing.numbered(None)
        with Comparison(await comparing.stored.tables(served), mine.tables, SqliteDatabase()) as comparison:
            if mine.segments != served.segments:
                await comparing.wait_until_even(served)
            before = await comparing.spool(served, comparison.add_old)
            target = await comparing.target(mine, served, before)
            found = await comparing.fold(target, comparison, enough=ENOUGH)
            after = ComparedVersion(mine.name, None, mine.version, target.positions)
            apart = set(before.positions.values()) != set(target.positions.values())
            remarks = [_fails(found.poison), SOME_ON_ONE_SIDE if apart else ""]
            yield Compared(settings, mine, before, after, *found, "; ".join(filter(None, remarks)))


class VersionComparer:
    """A comparison under way, over a connection of its own."""

    def __init__(
        self,
        connection: Connection,
        valkey: Valkey,
        settings: Settings,
        projection: Projection,
        progress: ProgressReporter,
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._projection = projection
        self._progress = progress
        self._generations = Generations(connection, valkey, settings, projection)
        self.stored = StoredRows(connection, self._generations)

    async def numbered(
        self, number: int | None, default: Callable[[list[Generation], Projection], Generation] = live_generation
    ) -> Generation:
        """The generation with this number, or the *default* one; raises NoSuchGeneration, RebuildError."""
        known = await generations(self._connection, self._projection.name)
        if number is None:
            return default(known, self._projection)
        return numbered(known, self._projection.name, number, ["ready", "live", "retired"])

    async def parked(self, generation: Generation) -> str:
        """A sentence where keys wait in a generation, whose rows are not complete."""
        place = self._projection.name, generation.number, generation.version
        waiting = len({key for _, key in (await held(self._connection, *place)).waiting})
        keys = "1 key is" if waiting == 1 else f"{waiting:,} keys are"
        return f"{keys} parked in generation {generation.number}, whose rows lack what waits" if waiting else ""

    async def wait_until_even(self, generation: Generation) -> None:
        """Wait until all segments are at one position, as they mostly are, but not for ever."""
        store = self._generations.store(generation)
        for _ in range(ATTEMPTS):
            if len(set((await store.positions()).values())) <= 1:
                return
            await asyncio.sleep(PAUSE)

    async def spool(self, generation: Generation, add: Callable[[RowKey, ComparedRow], None]) -> ComparedVersion:
        """Take the rows of a generation, those of each segment as they are at its checkpoint."""
        with self._progress(f"reading generation {generation.number}", total=None, unit="rows") as advance:
            async with self.stored.rows(generation) as (positions, rows):
                for key, row in rows:
                    add(key, row)
                    advance(1)
        return ComparedVersion.of(generation, positions)

    async def bring(
        self, generation: Generation, old: ComparedVersion, comparison: Comparison
    ) -> tuple[ComparedVersion, WhatIf, str]:
        """Compare with the rows of the other generation, as they are at the position of the old one if that can be."""
        positions = await self._generations.store(generation).positions()
        foldable = generation.version == self._projection.version and positions.keys() == old.positions.keys()
        if foldable and positions != old.positions:
            if generation.status == "live" or any(at > old.positions[segment] for segment, at in positions.items()):
                new = ComparedVersion.of(generation, positions)
                found = await self.fold(await self.target(self._projection, generation, old), comparison)
                remark = _apart(old, new, f"; what {new.name} was at {old.position:,} has been folded again")
                return new._replace(positions=old.positions), found, remark
            await self._catch_up(generation, old.positions)
        new = await self.spool(generation, comparison.add_new)
        remark = _apart(old, new, NOT_ALL) if new.positions != old.positions else ""  # a live one goes on meanwhile
        return new, WhatIf(await run_in_daemon_thread(comparison.finish)), remark

    async def target(self, rule: Projection, generation: Generation, at: ComparedVersion) -> FoldTarget:
        """What to fold by *rule* without what waits in a generation: up to where each segment is, or all of them."""
        waits = await held(self._connection, self._projection.name, generation.number, generation.version)
        if len(at.positions) == rule.segments:
            return FoldTarget(rule, at.positions, waits)
        segments = range(rule.segments)
        waiting = {(segment, key): first for segment in segments for (_, key), first in waits.waiting.items()}
        return FoldTarget(rule, dict.fromkeys(segments, at.position), Exclusions(waiting, waits.skipped))

    async def _catch_up(self, generation: Generation, targets: dict[int, int]) -> None:
        """Bring each segment of a generation that is not live to a position of its own."""
        work = await take_over(self._connection, self._settings, self._generations, generation)
        with self._progress(f"generation {generation.number} catches up", total=None, unit="facts") as advance:
            while pending := {segment: at for segment, at in work.positions.items() if at < targets[segment]}:
                position = min(pending.values())
                segments = tuple(segment for segment, at in sorted(pending.items()) if at == position)
                ends = [targets[segment] for segment in segments] + [at for at in pending.values() if at > position]
                facts = await read_facts(self._connection, position, min(position + PAGE, *ends))
                await work.step(segments, facts)
                advance(len(facts))
        await work.publish_counts()
        await work.give_up(*work.positions)

    async def fold(self, target: FoldTarget, comparison: Comparison, enough: int | None = None) -> WhatIf:
        """Compare with the rows that a fold of the log gives; gives up where it fails for *enough* keys."""
        source, total = PageReader(self._settings, ahead=True), max(target.positions.values())

        def compared() -> WhatIf:
            with fresh_fold(source, [target], advance, enough) as fold:
                return compare_folds(fold, comparison, target)

        with self._progress(f"folding {target.projection.name}", total=total, unit="facts") as advance:
            try:
                return await run_in_daemon_thread(compared)
            except (ChangedKey, RowRejected) as error:
                raise RebuildError(str(error)) from error


def _fails(poison: Sequence[Poison]) -> str:
    """Where a fold fails, as a sentence; empty if nowhere."""
    if not poison:
        return ""
    first = poison[0]
    return f"the fold fails for {len(poison):,} keys, first at position {first.position:,}: {first.error}"


def _apart(old: ComparedVersion, new: ComparedVersion, what_then: str) -> str:
    return f"{old.name} is at position {old.position:,}, {new.name} at {new.position:,}{what_then}"
