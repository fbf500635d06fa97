"""
Builds a generation of a read model beside the live one.

    tables     created without indexes, or kept from an earlier rebuild by the same code
    bulk       processes fold the log in memory up to its head, each its own segments
    catch_up   they fold the facts that were appended meanwhile, in rounds, until few are missing
    write      they write the rows
    index      indexes and statistics; counts of the facts that the projection does not read
    digest     all segments at one position, and the digest of the content; then the generation is `ready`

Every step can be repeated: the rebuild after one that was killed continues it, segment by segment.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from adapters.postgres.connection import Connection
from adapters.postgres.log.fact_counts import counts_until
from adapters.postgres.log.pages import read_head
from adapters.postgres.store.generations import Generation, Generations
from adapters.postgres.store.parking import held
from adapters.settings import Settings
from adapters.stores.protocol import GenerationStore
from adapters.valkey.client import Valkey
from projections.engine.distribution import segment_of
from projections.engine.live import Exclusions
from projections.engine.projection import Projection
from workers.rebuild.by_operator import recorded
from workers.rebuild.catch_up import catch_up, take_over
from workers.rebuild.content_digest import content_of
from workers.rebuild.lock import RebuildError, rebuild_lock
from workers.rebuild.pool import RebuildPool
from workers.rebuild.process import WorkerJob
from workers.rebuild.promotion import By
from workers.rebuild.report import BuildResult, ProcessReport, RebuildReport, timed
from workers.rebuild.segment_writer import SegmentJob
from workers.rebuild.selection import same_code
from workers.support.progress import ProgressReporter, no_progress
from workers.support.session import open_session


@dataclass(frozen=True)
class RebuildRequest:
    """
    Which read models to rebuild, and how.

    Attributes:
        workers: processes that fold, at most one for each segment.
        from_scratch: delete what an earlier rebuild has left.
        export: a directory with the log as Parquet (`campus log export`); the facts that it has are read from there.
    """

    projections: tuple[Projection, ...]
    workers: int = 1
    from_scratch: bool = False
    export: Path | None = None


async def rebuild(
    settings: Settings, request: RebuildRequest, progress: ProgressReporter = no_progress, by: By | None = None
) -> RebuildReport:
    """
    Build a generation of each requested projection, in one pass over the log.

    Args:
        by: in whose name it is recorded; None where a job of a projector records it.

    Raises:
        RebuildError: another process builds or switches one of them, or a process of this rebuild has failed.
    """
    names = [projection.name for projection in request.projections]
    async with (
        open_session(settings, " ".join(names), "rebuild") as (connection, valkey),
        rebuild_lock(connection, settings, names, "rebuild"),
    ):
        builder = Builder(connection, valkey, settings, request, progress)
        if by is None:
            return await builder.run()
        async with recorded(connection, settings, names, by, from_scratch=request.from_scratch) as rebuilding:
            report = await builder.run()
            await rebuilding.finish(report.built)
        return report


@dataclass
class BuildTarget:
    """A generation that is being built, and what is to be reported of it."""

    generations: Generations
    generation: Generation
    built: BuildResult

    @property
    def projection(self) -> Projection:
        """The projection whose rows these are."""
        return self.generations.projection

    @property
    def store(self) -> GenerationStore:
        """The store of the generation."""
        return self.generations.store(self.generation)


class Builder:
    """One rebuild."""

    def __init__(
        self,
        connection: Connection,
        valkey: Valkey,
        settings: Settings,
        request: RebuildRequest,
        progress: ProgressReporter,
    ) -> None:
        self._connection = connection
        self._valkey = valkey
        self._settings = settings
        self._request = request
        self._progress = progress
        self._seconds: dict[str, float] = {}

    async def run(self) -> RebuildReport:
        """Do all steps."""
        started = time.perf_counter()
        await self._check_export(await read_head(self._connection))  # before anything is thrown away
        with timed(self._seconds, "tables"):
            targets = [await self._target(projection) for projection in self._request.projections]
        processes = await self._fold(targets)
        for target in targets:
            with timed(self._seconds, "index"):
                await self._index(target)
            with timed(self._seconds, "digest"):
                await self._digest(target)
        facts = max((process.facts for process in processes), default=0)
        replay = sum(self._seconds.get(step, 0.0) for step in ("bulk", "catch_up", "write"))
        return RebuildReport(
            built=[target.built for target in targets],
            processes=processes,
            facts=facts,
            seconds=self._seconds,
            total_seconds=round(time.perf_counter() - started, 3),
            facts_per_second=round(facts / replay) if facts else 0.0,
        )

    async def _target(self, projection: Projection) -> BuildTarget:
        """The generation to build: one that the same code has begun or completed, else a new one."""
        generations = Generations(self._connection, self._valkey, self._settings, projection)
        kept = None
        for each in await generations.all():
            if each.status not in {"building", "ready"}:
                continue
            if kept is None and not self._request.from_scratch and same_code(each, projection):
                kept = each
            elif each.status == "building" or self._request.from_scratch:
                await generations.drop(each)
        generation = kept or await generations.create("building")
        built = BuildResult(projection.name, generation.number, generation.version, resumed=kept is not None)
        return BuildTarget(generations, generation, built)

    async def _fold(self, targets: Sequence[BuildTarget]) -> list[ProcessReport]:
        """Fold the log in processes, for all segments that are not complete."""
        pending = [(target, await self._pending(target)) for target in targets]
        jobs = await self._jobs([(target, segments) for target, segments in pending if segments])
        if not jobs:
            return []
        for target in targets:
            await target.generations.note_step(target.generation, "bulk")
        pool = RebuildPool(jobs, self._progress, lambda step: self._note_step(targets, step))
        reports = await pool.run()
        for step in ("bulk", "catch_up", "write"):
            self._seconds[step] = max(report.seconds.get(step, 0.0) for report in reports)
        return reports

    async def _pending(self, target: BuildTarget) -> list[int]:
        """The segments that are not complete."""
        positions = await target.store.positions()
        return [segment for segment in range(target.generation.segments) if positions.get(segment, 0) <= 0]

    async def _jobs(self, pending: Sequence[tuple[BuildTarget, list[int]]]) -> list[WorkerJob]:
        """One job for each process: segments of divided projections in turn, others whole."""
        most = max((target.generation.segments for target, _ in pending), default=0)
        number = max(1, min(self._request.workers, max(most, len(pending))))
        head = await read_head(self._connection)
        jobs: list[list[SegmentJob]] = [[] for _ in range(number)]
        for place, (target, segments) in enumerate(pending):
            divided = target.generation.segments > 1
            for process, own_jobs in enumerate(jobs):
                own = tuple(s for s in segments if (s if divided else place) % number == process)
                if own:
                    own_jobs.append(await self._segment_job(target, own))
        jobs = [own_jobs for own_jobs in jobs if own_jobs]
        ahead = len(jobs) > 1 and len(jobs) >= len(os.sched_getaffinity(0))
        return [WorkerJob(self._settings, tuple(each), head, self._request.export, ahead) for each in jobs]

    async def _check_export(self, head: int) -> None:
        """Refuse an export of another log."""
        if self._request.export is None:
            return
        from adapters.parquet.export import check_is_of_this_log  # here, since PyArrow takes 80 MiB
        from adapters.parquet.manifest import ExportError
        from adapters.parquet.read import Export

        try:
            export = Export.open(self._request.export)
        except ExportError as error:
            raise RebuildError(str(error)) from error
        if export.manifest.campus != self._settings.name or export.position > head:
            raise RebuildError(
                f"{self._request.export} is not an export of this log: it has {export.position:,} facts of the campus"
                f" {export.manifest.campus}, and this is {self._settings.name} with {head:,}"
            )
        try:
            await check_is_of_this_log(self._settings, self._request.export)
        except ExportError as error:
            raise RebuildError(str(error)) from error

    async def _segment_job(self, target: BuildTarget, segments: tuple[int, ...]) -> SegmentJob:
        return SegmentJob(target.projection, target.generation, segments, (await self._held(target)).skipped)

    async def _held(self, target: BuildTarget) -> Exclusions:
        return await held(self._connection, target.projection.name, target.generation.number, target.generation.version)

    async def _note_step(self, targets: Sequence[BuildTarget], step: str) -> None:
        for target in targets:
            await target.generations.note_step(target.generation, step)

    async def _index(self, target: BuildTarget) -> None:
        """Make indexes, and count the facts that the projection does not read: the fold has not seen them."""
        await target.generations.note_step(target.generation, "index")
        store = target.store
        with self._progress(f"{target.projection.name}: indexes", total=None, unit="tables") as advance:
            await store.index()
            advance(len(target.projection.tables))
        handlers, segments = target.projection.handlers, target.generation.segments
        for segment, position in (await store.positions()).items():
            counts = await counts_until(self._connection, position)
            ignored = sum(
                events
                for (partition, name), events in counts.items()
                if name not in handlers and segment_of(partition, segments) == segment
            )
            await store.note_ignored(segment, ignored)

    async def _digest(self, target: BuildTarget) -> None:
        """Bring all segments to one position, and take the digest of the rows that readers would see."""
        await target.generations.note_step(target.generation, "digest")
        head = await read_head(self._connection)
        with self._progress(f"{target.projection.name}: the last facts", total=None, unit="facts") as advance:
            writer = await take_over(self._connection, self._settings, target.generations, target.generation)
            await catch_up(self._connection, writer, head, advance)
            await writer.publish_counts()
            await writer.give_up(*writer.positions)
        with self._progress(f"{target.projection.name}: digest", total=None, unit="rows") as advance:
            content = await content_of(target.generations, target.generation, advance)
        target.built.position, target.built.digest, target.built.rows = head, content.hexdigest(), content.rows
        target.built.parked = len((await self._held(target)).waiting)
        await target.generations.note_ready(target.generation, target.built.digest, head)
