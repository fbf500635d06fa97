"""
The dispatcher: what is due later because of a fact, and what touches the outside world (workers/reactions: JOBS).

Reads     the log by position, facts that cause or end a job; woken by hints, else by its own poll.
Asks      the payment provider, through adapters/payments/stripe_provider.py; while it is away, jobs wait.
Writes    jobs, each once for its fact, in one transaction with its position; commands that record their outcome. Every
          hour it forgets what is old beside the log (first answers, refused commands, sessions), every day it removes
          content of courses that nothing names any more (adapters/unused_contents.py), and one process holds
          facts, the books and the provider against each other (workers/dispatching/reconciling.py). Bulk jobs that were
          started are carried out line by line (workers/dispatching/bulk_jobs.py). The index by which posts of the
          forum are found follows the log (workers/dispatching/forum_search.py).
          Every few minutes learners are reminded of deadlines that are near (workers/dispatching/reminding.py).
Active    one per campus derives jobs, by an advisory lock; another takes over within 2 s, or within 10 s if it hangs.
          Every dispatcher carries jobs out, each job one at a time.
Jobs are never the truth: `campus worker dispatcher --resync` derives what is owed from the log. A dispatcher does not
notice by itself that the job tables were emptied.
"""

import asyncio
import time
from datetime import timedelta

import structlog

from adapters.auth import api_tokens, attempts, changes, factors, identities, provider_sessions, sessions
from adapters.auth.links import OLD_ADDRESS
from adapters.bulk import table
from adapters.mail import attempts as mail_attempts
from adapters.nats import hint
from adapters.nats.connection import Nats
from adapters.payments.stripe_provider import StripeProvider
from adapters.personal import addresses
from adapters.postgres.connection import Connection, PostgresError, Unavailable
from adapters.postgres.log import first_answers
from adapters.postgres.log.decoding import must_be_of_this_release
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.ops import heartbeat, lease, reactors, reconciliations, refused_commands
from adapters.procrastinate import derived
from adapters.procrastinate.queue import ConnectorException, JobQueue
from adapters.settings import Settings
from adapters.unused_contents import remove_unused
from adapters.webhooks import deliveries, secrets
from commands.payment.provider import Provider
from workers.dispatching import bulk_jobs, forum_search, metrics, reconciling, reminding, webhooks
from workers.dispatching.carry_out import Carrier
from workers.dispatching.ledger import Jobs, Ledger, queue_for
from workers.reactions import JOBS
from workers.support.wake import can_pass, pause_before_retry, wait_for_facts, woken_by_hints

NAME = "dispatcher"
PAGE = 1_000  # positions
GATHER = 0.1  # seconds after a hint; jobs are due later than the facts that ask for them
COUNT_INTERVAL = 5.0  # seconds
FORGET_INTERVAL = 3_600.0  # seconds
CLEAN_INTERVAL = 86_400.0  # seconds

logger = structlog.get_logger()


async def run(settings: Settings, stop: asyncio.Event, jobs: Jobs = JOBS, provider: Provider | None = None) -> None:
    """Derive jobs and carry them out until *stop* is set; a lost server is waited for. *provider*: None for Stripe."""
    settings.must_sign()
    log = await PostgresLog.open(settings)
    provider = provider or StripeProvider(settings)
    nats = Nats(settings, NAME)
    log.appender.on_commit = hint.Hints(settings, nats).send
    by_name = {job.name: job for of_type in jobs.values() for job in of_type}
    carrier = Carrier(log, by_name, settings, provider)
    queue = queue_for(settings, jobs, carrier.carry_out)
    try:
        async with woken_by_hints(settings, nats, stop) as woken, asyncio.TaskGroup() as tasks:
            tasks.create_task(queue.work(stop))
            tasks.create_task(_lead(_Deriving(settings, log, queue, jobs), stop, woken))
            tasks.create_task(reconciling.keep_current(settings, provider, stop, interval=settings.reconcile_every))
            tasks.create_task(reminding.keep_reminding(settings, log, stop))
            tasks.create_task(bulk_jobs.keep_carrying_out(log, stop))
            tasks.create_task(webhooks.keep_sending(settings, log, stop))
            tasks.create_task(forum_search.keep_indexing(settings, log, stop))
    finally:
        await provider.close()
        await carrier.close()
        await log.close()
        await nats.close()


async def _lead(deriving: "_Deriving", stop: asyncio.Event, woken: asyncio.Event) -> None:
    """Be the one that derives jobs, or stand by, across restarts of PostgreSQL."""
    while not stop.is_set():
        try:
            await deriving.session(stop, woken)
        except (PostgresError, Unavailable, ConnectorException) as error:
            cause = error.__cause__ if isinstance(error, ConnectorException) else error
            if not can_pass(cause):
                raise
            deriving.trouble = heartbeat.sentence_of(cause or error)
            logger.warning("dispatcher.waiting", error=str(error).strip())
            await pause_before_retry(stop)


class _Deriving:
    """Derives jobs from facts, in the process that has the lock; `trouble` is how the last session has ended."""

    def __init__(self, settings: Settings, log: PostgresLog, queue: JobQueue, jobs: Jobs) -> None:
        self._settings = settings
        self._log = log
        self._queue = queue
        self._jobs = jobs
        self.trouble = ""
        self._position = 0
        self._beat_at = self._counted_at = self._forgot_at = self._cleaned_at = 0.0
        self._shift: timedelta | None = None  # of the clock, as the due times in the queue have it

    async def session(self, stop: asyncio.Event, woken: asyncio.Event) -> None:
        """From taking the lock to losing it."""
        # What a crash of PostgreSQL takes back is derived again: jobs and position are lost together.
        async with lease.session(self._settings, NAME, synchronous_commit="off") as connection:
            active, self._beat_at, self._counted_at = False, 0.0, 0.0
            while not stop.is_set():
                active = active or await self._take_over(connection)
                await self._beat(connection, active=active)
                if active:
                    await self._set_clock(connection)
                    await self._catch_up(connection, stop)
                    await self._forget_old(connection)
                    await self._remove_unused(connection)
                self.trouble = ""
                await wait_for_facts(woken, gather=GATHER)
            await heartbeat.leave(connection, NAME)

    async def _beat(self, connection: Connection, *, active: bool) -> None:
        """Give a sign of life if one is due."""
        if time.monotonic() - self._beat_at < heartbeat.HEARTBEAT_INTERVAL:
            return
        if active and time.monotonic() - self._counted_at >= COUNT_INTERVAL:
            metrics.show(await derived.counts(connection))
            metrics.show_reconciliation(await reconciliations.last(connection))
            self._counted_at = time.monotonic()
        state = heartbeat.WorkerState(active, self._position, self.trouble)
        await heartbeat.beat(connection, NAME, state, metrics.REGISTRY)
        self._beat_at = time.monotonic()

    async def _remove_unused(self, connection: Connection) -> None:
        """Remove content of courses that nothing names any more, once a day."""
        if self._cleaned_at and time.monotonic() - self._cleaned_at < CLEAN_INTERVAL:
            return
        self._cleaned_at = time.monotonic()
        try:
            removed = await remove_unused(self._log, connection)
        except (PostgresError, Unavailable):
            raise
        except Exception:  # a draft that cannot be read may name any content: all stays, and jobs are derived
            logger.exception("contents.not_removed")
            return
        if removed:
            logger.info("contents.removed", contents=len(removed), bytes=sum(each.size for each in removed))

    async def _forget_old(self, connection: Connection) -> None:
        """Forget first answers, refused commands, sessions and failed sign-ins that are old, once in a while."""
        if self._forgot_at and time.monotonic() - self._forgot_at < FORGET_INTERVAL:
            return
        self._forgot_at = time.monotonic()  # before, so that what takes too long is not begun again at once
        for old in (sessions, attempts, factors, api_tokens, identities, provider_sessions, secrets):
            await old.forget_old(connection, self._log.clock.now())
        await changes.forget_old(connection)
        await table.forget_old(connection)
        await deliveries.forget_old(connection, self._log.clock.now())
        await mail_attempts.forget_old(connection, self._log.clock.now())
        await addresses.forget_released(connection, self._log.clock.now() - OLD_ADDRESS.lifetime)
        answers, refusals = await first_answers.forget_old(connection), await refused_commands.forget_old(connection)
        if answers == first_answers.AT_ONCE or refusals == refused_commands.AT_ONCE:
            self._forgot_at = 0.0  # there are more: go on after the next page of jobs

    async def _take_over(self, connection: Connection) -> bool:
        if not await lease.try_acquire(connection, self._settings, NAME):
            return False
        position, head = await reactors.position(connection, NAME), await self._log.head()
        if position > head:  # the log was restored, the position was not: jobs that are known are not derived again
            logger.warning("dispatcher.ahead_of_log", position=position, head=head)
        self._position = position if position <= head else 0
        self._shift = None
        logger.info("dispatcher.active", position=self._position)
        return True

    async def _set_clock(self, connection: Connection) -> None:
        """Convert the due times in the queue when the clock of the campus was moved."""
        if self._shift != self._log.clock.shift:
            shift = self._log.clock.shift
            await derived.reschedule(connection, shift)
            self._shift = shift

    async def _catch_up(self, connection: Connection, stop: asyncio.Event) -> None:
        """Derive jobs from everything up to the head; jobs and position are one transaction for each page."""
        head = await self._log.head()
        while self._position < head and not stop.is_set():
            until = min(self._position + PAGE, head)
            ledger = Ledger(self._jobs, self._log.clock.now())
            facts = await self._log.read(self._position, until - self._position, ledger.types)
            for fact in must_be_of_this_release(facts):
                ledger.add(fact)
            if ledger.is_empty:
                await reactors.advance(connection, NAME, until)
            else:
                async with connection.transaction():
                    await self._settle(connection, ledger)
                    await derived.derive(connection, self._queue, ledger.owed, shift=self._shift or timedelta())
                    await reactors.advance(connection, NAME, until)
            self._position = until
            await self._beat(connection, active=True)

    async def _settle(self, connection: Connection, ledger: Ledger) -> None:
        """End the jobs of earlier facts that facts of this page have ended."""
        if not ledger.endings:
            return
        streams = sorted({ending.stream_id for ending in ledger.endings})
        jobs = await derived.open_jobs(connection, streams)
        ended = [job for job in jobs if any(ending.ends(job) for ending in ledger.endings)]
        if ended:
            await derived.settle(connection, ended)
