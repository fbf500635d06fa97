"""
Carries out rebuilds, promotions and rollbacks that were asked for over HTTP, one after the other.

Each is done in a process of its own (workers/rebuild/job_process.py), which dies with this one. Of several projectors
each job is one's; another goes on with it if that dies. What has become of it is a fact, in the transaction that ends
the job.
"""

import asyncio
import multiprocessing
import os
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection as Pipe
from multiprocessing.process import BaseProcess
from uuid import uuid4

import structlog

from adapters.command_bus.in_transaction import carry_out
from adapters.postgres.connection import Connection, PostgresError, Unavailable, connect
from adapters.postgres.log.append import VersionConflict
from adapters.postgres.log.pages import read_facts
from adapters.postgres.store import projection_jobs as table
from adapters.postgres.store.projection_job_shapes import Step, TakenJob
from adapters.projection_jobs import REBUILD
from adapters.settings import Settings
from commands.admin.read_models import RecordBuild, RecordJobFailure
from commands.log import Context
from domain.errors import DomainError
from domain.fact import Fact
from projections.engine.projection import Projection
from workers.rebuild.job_process import JobMessage, Outcome, ProjectionJob, switch_wanted, work

POLL_INTERVAL = 0.5  # seconds between two looks for a job
SIGN_OF_LIFE = 0.5  # seconds between two notes of how far a job is
RETRY_PAUSE = 1.0  # seconds before what waits is tried again
MOST_DEATHS = 5  # of processes, after which a job has failed
PATIENCE = 5.0  # seconds for a process to end

logger = structlog.get_logger()


class ProcessDied(Exception):
    """The process of a job has ended without a word."""


async def keep_carrying_out(settings: Settings, projections: Sequence[Projection]) -> None:
    """Carry out what is asked for until cancelled; a lost server is waited for."""
    me, by_name = uuid4().hex, {each.name: each for each in projections}
    while True:
        try:
            async with await connect(settings, application="projection jobs") as connection:
                carrying = Carrying(settings, connection, me, by_name)
                try:
                    while True:
                        if not await carrying.next():
                            await asyncio.sleep(POLL_INTERVAL)
                finally:
                    await carrying.give_back()
        except (PostgresError, Unavailable, VersionConflict) as error:
            logger.warning("projection_jobs.waiting", error=str(error).strip())
        except Exception:  # read models are followed all the same
            logger.exception("projection_jobs.failed")
        await asyncio.sleep(RETRY_PAUSE)


class Carrying:
    """Carries out jobs as the process *me*."""

    def __init__(
        self, settings: Settings, connection: Connection, me: str, projections: Mapping[str, Projection]
    ) -> None:
        self._settings = settings
        self._connection = connection
        self._me = me
        self._projections = projections

    async def next(self) -> bool:
        """Carry out a job that waits, to its end; whether there was one."""
        taken = await table.take(self._connection, self._me)
        if taken is None:
            return False
        facts = await read_facts(self._connection, taken.position - 1, taken.position)
        if not facts or facts[0].data.get("job_id") != taken.id:
            cause = "the log has no such request any more: it was restored"
            await table.end(self._connection, taken.id, "failed", cause=cause)
            return True
        (fact,) = facts
        projection = self._projections.get(taken.projection)
        if projection is None:
            await self._failed(taken, fact, f"the projector's code has no read model {taken.projection}")
        elif taken.deaths >= MOST_DEATHS:
            await self._failed(taken, fact, f"{taken.deaths} processes have died with it: see their logs")
        else:
            await self._carry_out(taken, fact, projection)
        return True

    async def give_back(self) -> None:
        """Let another process go on at once."""
        if not self._connection.closed and not self._connection.broken:
            await table.give_back(self._connection, self._me)

    async def _carry_out(self, taken: TakenJob, fact: Fact, projection: Projection) -> None:
        job = ProjectionJob(
            self._settings,
            projection,
            taken.what,
            self._context(fact, taken, fact.meta.actor),
            str(fact.data["reason"]),
            taken.id,
            wanted=None if taken.what == REBUILD else switch_wanted(fact.data),
            from_scratch=bool(fact.data.get("from_scratch")),
        )
        try:
            ended = await self._in_process(job)
        except ProcessDied:
            deaths = await table.died(self._connection, taken.id, self._me)
            logger.warning("projection_job.process_died", job=taken.id, deaths=deaths)
            return  # it is taken again
        if ended is None:
            return  # it was stopped, or is another process's by now
        if ended.outcome is Outcome.WAITS:
            await table.live(self._connection, taken.id, self._me, Step("waiting", cause=ended.cause))
            await asyncio.sleep(RETRY_PAUSE)
        elif ended.outcome is Outcome.FAILED:
            await self._failed(taken, fact, ended.cause or "")
        elif ended.build is not None:
            await self._built(taken, fact, ended)
        else:  # its last transaction had the fact: what is left is the row
            await table.end(self._connection, taken.id, "finished", generation=ended.generation)

    async def _built(self, taken: TakenJob, fact: Fact, ended: JobMessage) -> None:
        if ended.build is None:
            return
        command = RecordBuild(taken.projection, taken.id, ended.build)
        try:
            async with self._connection.transaction():
                await table.end(self._connection, taken.id, "finished", generation=ended.generation)
                await self._record(command, fact, taken)
        except DomainError:  # it was stopped while it ended
            await table.end(self._connection, taken.id, "stopped")

    async def _failed(self, taken: TakenJob, fact: Fact, cause: str) -> None:
        logger.warning("projection_job.failed", job=taken.id, projection=taken.projection, cause=cause)
        async with self._connection.transaction():
            await table.end(self._connection, taken.id, "failed", cause=cause)
            await self._record(RecordJobFailure(taken.projection, taken.id, cause), fact, taken)

    async def _record(self, command: RecordBuild | RecordJobFailure, fact: Fact, taken: TakenJob) -> None:
        context = self._context(fact, taken, "projector")
        await carry_out(self._connection, command, context, self._settings.clock())

    def _context(self, fact: Fact, taken: TakenJob, actor: str) -> Context:
        """In whose name a fact is recorded, caused by the one that asks for the job."""
        is_own, meta = actor == fact.meta.actor, fact.meta
        return Context(
            actor=actor,
            at=self._settings.clock().now(),
            source=f"projection:{taken.id}",
            on_behalf_of=meta.on_behalf_of if is_own else meta.actor,
            causation_id=meta.event_id,
            correlation_id=meta.correlation_id,
            role=meta.role if is_own else None,
            ticket=meta.ticket,
        )

    async def _in_process(self, job: ProjectionJob) -> JobMessage | None:
        """
        Do *job* in a process of its own, which ends with this call; None if the job is not to be continued.

        Raises:
            ProcessDied: it has ended without a word.
        """
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=work, args=(job, theirs, dict(os.environ)))
        listening: asyncio.Task[JobMessage] | None = None
        try:
            process.start()
            theirs.close()  # else `recv` would not see that the process has ended
            heard = Heard()
            listening = asyncio.create_task(heard.listen(ours))
            while not listening.done():
                if not await table.live(self._connection, job.job_id, self._me, heard.step):
                    return None
                await asyncio.wait([listening], timeout=SIGN_OF_LIFE)
            return listening.result()
        finally:
            _end(process, ours, listening)


class Heard:
    """What the process of a job has said; `step` is the last of how far it is."""

    def __init__(self) -> None:
        self.step = Step("starting")

    async def listen(self, pipe: Pipe) -> JobMessage:
        """How the job has ended; raises ProcessDied."""
        while True:
            try:
                message: JobMessage = await asyncio.to_thread(pipe.recv)
            except (EOFError, OSError):
                raise ProcessDied from None
            if message.outcome is not None:
                return message
            self.step = Step(message.step, message.done, message.total)


def _end(process: BaseProcess, pipe: Pipe, listening: asyncio.Task[JobMessage] | None) -> None:
    if process.pid is not None:
        process.kill()
        process.join(PATIENCE)
    if listening is not None:
        listening.add_done_callback(lambda task: task.cancelled() or task.exception())
        listening.cancel()
    pipe.close()
