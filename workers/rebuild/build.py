"""
Building a generation of a read model beside the one that is served.

    tables     of the new generation, without indexes; or what an earlier rebuild has left, if its code was the same
    bulk       the log up to its present head, folded in memory, segments in parallel processes
    catch_up   what came meanwhile, in rounds, until it is little
    write      the rows
    index      indexes and statistics, and the account of facts that the projection does not read
    digest     of the content, with all segments at one position; then the generation is `ready`

Every step can be done again: a rebuild that was killed goes on where it was, segment by segment.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from adapters.parquet.export import check_is_of_this_log
from adapters.parquet.manifest import ExportError
from adapters.parquet.read import Export
from adapters.postgres.connection import Connection
from adapters.postgres.log.fact_counts import counts_until
from adapters.postgres.log.pages import read_head
from adapters.postgres.store.generations import Generation, Generations
from adapters.postgres.store.parking import held
from adapters.settings import Settings
from adapters.valkey.client import Valkey
from projections.engine.distribution import segment_of
from projections.engine.live import Exclusions
from projections.engine.projection import Projection
from workers.rebuild.catch_up import catch_up, take_over
from workers.rebuild.content_digest import content_of
from workers.rebuild.lock import RebuildError, rebuild_lock
from workers.rebuild.pool import RebuildPool
from workers.rebuild.process import WorkerJob
from workers.rebuild.report import BuildResult, ProcessReport, RebuildReport, timed
from workers.rebuild.segment_writer import SegmentJob
from workers.rebuild.selection import same_code
from workers.support.progress import ProgressReporter, no_progress
from workers.support.session import open_session


@dataclass(frozen=True)
class RebuildRequest:
    """
    What is to be rebuilt, and how.

    Attributes:
        workers: processes that fold, at most as many as there are segments.
        from_scratch: throw away what an earlier rebuild has left.
        export: a directory with the log as Parquet (`campus log export`), to read as much as it has from there.
    """

    projections: tuple[Projection, ...]
    workers: int = 1
    from_scratch: bool = False
    export: Path | None = None


async def rebuild(settings: Settings, order: RebuildRequest, progress: ProgressReporter = no_progress) -> RebuildReport:
    """
    Build a generation of each projection of *order*, in one pass over the log.

    Raises:
        RebuildError: somebody else builds or switches one of them, or a process has failed.
    """
    names = [projection.name for projection in order.projections]
    async with (
        open_session(settings, " ".join(names), "rebuild") as (connection, valkey),
        rebuild_lock(connection, settings, names, "rebuild"),
    ):
        return await Builder(connection, valkey, settings, order, progress).run()


@dataclass
class BuildTarget:
    """A generation that is being built."""

    generations: Generations
    generation: Generation
    built: BuildResult

    @property
    def projection(self) -> Projection:
        """What is built."""
        return self.generations.projection


class Builder:
    """A rebuild under way."""

    def __init__(
        self,
        connection: Connection,
        valkey: Valkey,
        settings: Settings,
        order: RebuildRequest,
        progress: ProgressReporter,
    ) -> None:
        self._connection = connection
        self._valkey = valkey
        self._settings = settings
        self._order = order
        self._progress = progress
        self._seconds: dict[str, float] = {}

    async def run(self) -> RebuildReport:
        """All steps, one after the other."""
        started = time.perf_counter()
        await self._check_export(await read_head(self._connection))  # before anything is thrown away
        with timed(self._seconds, "tables"):
            sites = [await self._site(projection) for projection in self._order.projections]
        processes = await self._fold(sites)
        for site in sites:
            with timed(self._seconds, "index"):
                await self._index(site)
            with timed(self._seconds, "digest"):
                await self._digest(site)
        facts = max((process.facts for process in processes), default=0)
        replay = sum(self._seconds.get(step, 0.0) for step in ("bulk", "catch_up", "write"))
        return RebuildReport(
            built=[site.built for site in sites],
            processes=processes,
            facts=facts,
            seconds=self._seconds,
            total_seconds=round(time.perf_counter() - started, 3),
            facts_per_second=round(facts / replay) if facts else 0.0,
        )

    async def _site(self, projection: Projection) -> BuildTarget:
        """The generation to be built: one that the same code has begun, or even completed, or a new one."""
        generations = Generations(self._connection, self._valkey, self._settings, projection)
        kept = None
        for each in await generations.all():
            if each.status not in {"building", "ready"}:
                continue
            if kept is None and not self._order.from_scratch and same_code(each, projection):
                kept = each
            elif each.status == "building" or self._order.from_scratch:
                await generations.drop(each)
        generation = kept or await generations.create("building")
        built = BuildResult(projection.name, generation.number, generation.version, resumed=kept is not None)
        return BuildTarget(generations, generation, built)

    async def _fold(self, sites: Sequence[BuildTarget]) -> list[ProcessReport]:
        """Fold the log in processes, for all segments that are not complete yet."""
        pending = [(site, await self._pending(site)) for site in sites]
        jobs = await self._jobs([(site, segments) for site, segments in pending if segments])
        if not jobs:
            return []
        for site in sites:
            await site.generations.note_step(site.generation, "bulk")
        team = RebuildPool(jobs, self._progress, lambda step: self._note_step(sites, step))
        reports = await team.run()
        for step in ("bulk", "catch_up", "write"):
            self._seconds[step] = max(report.seconds.get(step, 0.0) for report in reports)
        return reports

    async def _pending(self, site: BuildTarget) -> list[int]:
        """The segments that no process has completed."""
        positions = await site.generations.store(site.generation).positions()
        return [segment for segment in range(site.generation.segments) if positions.get(segment, 0) <= 0]

    async def _jobs(self, pending: Sequence[tuple[BuildTarget, list[int]]]) -> list[WorkerJob]:
        """Deal the segments out: those of a divided projection in turn, one that is not divided as a whole."""
        most = max((site.generation.segments for site, _ in pending), default=0)
        number = max(1, min(self._order.workers, max(most, len(pending))))
        head = await read_head(self._connection)
        hands: list[list[SegmentJob]] = [[] for _ in range(number)]
        for place, (site, segments) in enumerate(pending):
            divided = site.generation.segments > 1
            for process, pieces in enumerate(hands):
                own = tuple(s for s in segments if (s if divided else place) % number == process)
                if own:
                    pieces.append(await self._piece(site, own))
        hands = [pieces for pieces in hands if pieces]
        ahead = len(hands) > 1 and len(hands) >= len(os.sched_getaffinity(0))
        return [WorkerJob(self._settings, tuple(each), head, self._order.export, ahead) for each in hands]

    async def _check_export(self, head: int) -> None:
        """An export of another log would make a read model that no log accounts for."""
        if self._order.export is None:
            return
        try:
            export = Export.open(self._order.export)
        except ExportError as error:
            raise RebuildError(str(error)) from error
        if export.manifest.campus != self._settings.name or export.position > head:
            raise RebuildError(
                f"{self._order.export} is not an export of this log: it has {export.position:,} facts of the campus"
                f" {export.manifest.campus}, and this is {self._settings.name} with {head:,}"
            )
        try:
            await check_is_of_this_log(self._settings, self._order.export)
        except ExportError as error:
            raise RebuildError(str(error)) from error

    async def _piece(self, site: BuildTarget, segments: tuple[int, ...]) -> SegmentJob:
        return SegmentJob(site.projection, site.generation, segments, (await self._held(site)).skipped)

    async def _held(self, site: BuildTarget) -> Exclusions:
        return await held(self._connection, site.projection.name, site.generation.number, site.generation.version)

    async def _note_step(self, sites: Sequence[BuildTarget], step: str) -> None:
        for site in sites:
            await site.generations.note_step(site.generation, step)

    async def _index(self, site: BuildTarget) -> None:
        """Make indexes, and note how many facts the projection does not read: the fold has not even seen them."""
        await site.generations.note_step(site.generation, "index")
        store = site.generations.store(site.generation)
        with self._progress(f"{site.projection.name}: indexes", total=None, unit="tables") as advance:
            await store.index()
            advance(len(site.projection.tables))
        handlers, segments = site.projection.handlers, site.generation.segments
        for segment, position in (await store.positions()).items():
            counts = await counts_until(self._connection, position)
            ignored = sum(
                events
                for (partition, name), events in counts.items()
                if name not in handlers and segment_of(partition, segments) == segment
            )
            await store.note_ignored(segment, ignored)

    async def _digest(self, site: BuildTarget) -> None:
        """Bring all segments to one position, and take the digest of what readers would see."""
        await site.generations.note_step(site.generation, "digest")
        head = await read_head(self._connection)
        with self._progress(f"{site.projection.name}: the last facts", total=None, unit="facts") as advance:
            writer = await take_over(self._connection, self._settings, site.generations, site.generation)
            await catch_up(self._connection, writer, head, advance)
            await writer.publish_counts()
            await writer.give_up(*writer.positions)
        with self._progress(f"{site.projection.name}: digest", total=None, unit="rows") as advance:
            content = await content_of(site.generations, site.generation, advance)
        site.built.position, site.built.digest, site.built.rows = head, content.hexdigest(), content.rows
        site.built.parked = len((await self._held(site)).waiting)
        await site.generations.note_ready(site.generation, site.built.digest, head)
