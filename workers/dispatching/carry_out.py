"""
One try of a job: the effect, then the command that records the outcome.

What is to be done is read from the fact. A job that facts have ended meanwhile is not carried out: neither twice after
a worker died between outcome and end, nor after a resync beside a running dispatcher.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import structlog

from adapters.auth.impersonation import end_impersonations
from adapters.command_bus.bus import Bus
from adapters.mail.digests import DigestMail
from adapters.mail.notifications import NotificationMail
from adapters.mail.to_people import MailToPeople
from adapters.message_audience import recipients_of
from adapters.payments.ticket import ticket_for
from adapters.personal.erasure import forget
from adapters.postgres.log.decoding import must_be_readable
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.procrastinate.derived import note_failure
from adapters.procrastinate.queue import FailedForGood, JobRun, NotYetDue, is_transient, queue_of
from adapters.settings import Settings
from commands.payment.provider import Provider, ProviderAway, ProviderRefused
from domain.errors import DomainError
from domain.fact import Fact
from projections.engine.rows import Unreadable
from workers.dispatching import metrics
from workers.dispatching.together import Together
from workers.reactions.job import Job, Outside, context_of, key_of
from workers.reactions.reaction import named

AHEAD = timedelta(minutes=1)  # by which the clock of the server may be before ours; a job that is due later waits

logger = structlog.get_logger()


class WrongFact(Exception):
    """The log has another fact, or none, at the position from which the job was derived: it was restored."""

    def __init__(self, position: int) -> None:
        super().__init__(f"the fact at position {position} is not the one from which the job was derived")


class Carrier:
    """Carries out the jobs of one process; their effects reach the payment provider through *provider*."""

    def __init__(self, log: PostgresLog, jobs: Mapping[str, Job], settings: Settings, provider: Provider) -> None:
        self._log = log
        self._bus = Bus(log)
        self._jobs = jobs
        self._provider = provider
        self._web_url = settings.web_url
        self._ticket = partial(ticket_for, settings.token_secret)
        self._forget = partial(forget, log)
        self._end_impersonations = partial(end_impersonations, log, self._bus)
        self._mail = MailToPeople(log, settings)
        self._recipients = partial(recipients_of, settings, log)
        self._notifications = NotificationMail(log, settings)
        self._digests = DigestMail(log, settings, self._notifications)
        self._together = {
            name: Together(log, job, queue_of(settings), provider, self._do)
            for name, job in jobs.items()
            if job.about is not None
        }

    async def close(self) -> None:
        """Wait until nothing is carried out any more."""
        for each in self._together.values():
            await each.close()

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
            if job.about is None:
                await self._do(job, fact, life, self._provider, [])
            else:
                await self._together[job.name].carry_out(fact)
        except Exception as error:
            if is_transient(error):
                if isinstance(error, ProviderAway):
                    logger.warning("job.waiting", job=run.name, position=run.position, cause=str(error))
                raise
            await self._failed(run, job, fact, error, life)
            raise
        metrics.DONE.labels(run.name).inc()

    async def _failed(self, run: JobRun, job: Job, fact: Fact | None, error: Exception, life: str) -> None:
        """Note why a try has failed; raises FailedForGood if it was the last one."""
        metrics.TRIES_FAILED.labels(run.name).inc()
        said = error.sentence if isinstance(error, DomainError) else f"{type(error).__name__}: {error}"
        cause = str(error) if isinstance(error, ProviderRefused) else said
        failures = await self._log.link.run(lambda connection: note_failure(connection, run.key, cause))
        is_last = isinstance(error, ProviderRefused) or not 0 < failures < run.tries
        logger.warning("job.failed", job=run.name, position=run.position, cause=cause, for_good=is_last)
        if not is_last:
            return
        if job.gave_up is not None and fact is not None and not isinstance(fact, Unreadable):
            context = context_of(fact, job.name, self._log.clock.now(), gave_up=True, life=life)
            await self._bus.handle(job.gave_up(fact, cause), context)
        raise FailedForGood from error

    async def _fact(self, run: JobRun) -> Fact:
        """The fact from which the job was derived."""
        found = await self._log.at([run.position])
        if not found or key_of(found[0], run.name) != run.key:
            raise WrongFact(run.position)
        return found[0]

    async def _do(self, job: Job, fact: Fact, life: str, provider: Provider, said: list[Any]) -> None:
        """The effect and what records it; commands that were *said* by another job just now are not said again."""
        later = await self._log.since(fact.stream_id, fact.stream_version)
        if any(each.type in job.settled_by for each in later):
            return
        due_at, now = job.due(must_be_readable(fact)), self._log.clock.now()
        if due_at is None:  # the fact could not be read when the job was derived, and asks for nothing
            return
        if due_at > now + AHEAD:
            raise NotYetDue(due_at - self._log.clock.shift)
        answer = None
        if job.effect is not None:
            key = key_of(fact, job.name)
            outside = Outside(
                provider,
                key,
                self._log.stream,
                self._web_url,
                self._ticket,
                self._forget,
                self._mail.write_about,
                self._end_impersonations,
                self._notifications.send,
                self._digests.send,
                self._recipients,
            )
            answer = await job.effect(fact, outside)
        outcome = job.command(fact) if answer is None else job.command(fact, answer)
        now = self._log.clock.now()
        at = max(now, due_at)  # the server's clock has said that it is due, and ours may be a moment after it
        commands = {named(job.name, each): each for each in outcome} if isinstance(outcome, list) else {"": outcome}
        for name, command in commands.items():
            if command is not None and command not in said:
                await self._bus.handle(command, context_of(fact, job.name, at, outcome=name, life=life))
                said.append(command)
