"""
One try of a job: the effect, then the command that records the outcome.

What is to be done is read from the fact. A job that facts have ended meanwhile is not carried out: neither twice after
a worker died between outcome and end, nor after a resync beside a running dispatcher.
"""

from collections.abc import Mapping

import structlog

from adapters.command_bus.bus import Bus
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.procrastinate.derived import note_failure
from adapters.procrastinate.queue import FailedForGood, JobRun, is_transient
from domain.errors import DomainError
from domain.fact import Fact
from workers.dispatching import metrics
from workers.reactions.job import Job, context_of, key_of

logger = structlog.get_logger()


class WrongFact(Exception):
    """The log has another fact, or none, at the position from which the job was derived: it was restored."""

    def __init__(self, position: int) -> None:
        super().__init__(f"the fact at position {position} is not the one from which the job was derived")


class Carrier:
    """Carries out the jobs of one process."""

    def __init__(self, log: PostgresLog, jobs: Mapping[str, Job]) -> None:
        self._log = log
        self._bus = Bus(log)
        self._jobs = jobs

    async def carry_out(self, run: JobRun) -> None:
        """
        Carry out one try; an error makes the queue try again.

        Raises:
            FailedForGood: this was the last try.
        """
        job = self._jobs[run.name]
        fact: Fact | None = None
        life = await self._log.life()
        try:
            fact = await self._fact(run)
            await self._do(job, fact, life)
        except Exception as error:
            if is_transient(error):
                raise
            await self._failed(run, job, fact, error, life)
            raise
        metrics.DONE.labels(run.name).inc()

    async def _failed(self, run: JobRun, job: Job, fact: Fact | None, error: Exception, life: str) -> None:
        """Note why a try has failed; raises FailedForGood if it was the last one."""
        metrics.TRIES_FAILED.labels(run.name).inc()
        cause = error.sentence if isinstance(error, DomainError) else f"{type(error).__name__}: {error}"
        failures = await self._log.link.run(lambda connection: note_failure(connection, run.key, cause))
        is_last = not 0 < failures < run.tries
        logger.warning("job.failed", job=run.name, position=run.position, cause=cause, for_good=is_last)
        if not is_last:
            return
        if job.gave_up is not None and fact is not None:
            context = context_of(fact, job.name, self._log.clock.now(), gave_up=True, life=life)
            await self._bus.handle(job.gave_up(fact, cause), context)
        raise FailedForGood from error

    async def _fact(self, run: JobRun) -> Fact:
        """The fact from which the job was derived."""
        found = await self._log.read(run.position - 1, 1)
        if not found or key_of(found[0], run.name) != run.key:
            raise WrongFact(run.position)
        return found[0]

    async def _do(self, job: Job, fact: Fact, life: str) -> None:
        history = await self._log.stream(fact.stream_id)
        if any(later.position > fact.position and later.type in job.settled_by for later in history):
            return
        due_at = job.due(fact)
        if job.effect is not None:
            await job.effect(fact)
        now = self._log.clock.now()
        # The server's clock has said that it is due, and ours may be a moment after it.
        context = context_of(fact, job.name, max(now, due_at or now), life=life)
        await self._bus.handle(job.command(fact), context)
